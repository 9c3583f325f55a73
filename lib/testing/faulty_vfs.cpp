// The file layer between SQLite and the real one. A call that is to fail does not reach the real layer; one that
// changes something is recorded after it has succeeded there.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <random>

#include "testing/disk_state.hpp"

namespace holdfast::testing {
namespace {

/// SQLite allocates it, followed by the real file.
struct File {
  sqlite3_file base;
  FileRole role;
  std::size_t number;   // Of the record.
  bool syncsDirectory;  // Its first sync makes its name durable.
  bool opened;
};

constexpr std::size_t kRealAt = (sizeof(File) + 15) / 16 * 16;

DiskState& disk() noexcept { return DiskState::instance(); }
File& own(sqlite3_file* file) noexcept { return *reinterpret_cast<File*>(file); }
sqlite3_file* realOf(sqlite3_file* file) noexcept {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kRealAt);
}
CallVerdict judge(sqlite3_file* file, FileAction action) noexcept { return disk().judge(own(file).role, action); }

int closeFile(sqlite3_file* file) {
  if (own(file).opened) --disk().openFiles;
  own(file).opened = false;
  return realOf(file)->pMethods->xClose(realOf(file));
}

int readFile(sqlite3_file* file, void* to, int amount, sqlite3_int64 at) {
  const CallVerdict verdict = judge(file, FileAction::Read);
  if (verdict.code == SQLITE_IOERR_SHORT_READ) std::memset(to, 0, static_cast<std::size_t>(amount));
  if (verdict.code != SQLITE_OK) return verdict.code;
  const int code = realOf(file)->pMethods->xRead(realOf(file), to, amount, at);
  if (verdict.flipBit && amount > 0) {
    const std::uint64_t bit = std::mt19937_64(verdict.number)() % (static_cast<std::uint64_t>(amount) * 8);
    static_cast<unsigned char*>(to)[bit / 8] ^= static_cast<unsigned char>(1U << (bit % 8));
  }
  return code;
}

int writeAndRecord(sqlite3_file* file, const void* from, int amount, sqlite3_int64 at) {
  const std::lock_guard lock(disk().order);
  const int code = realOf(file)->pMethods->xWrite(realOf(file), from, amount, at);
  if (code == SQLITE_OK) {
    disk().recorder.wrote(own(file).number, at, {static_cast<const char*>(from), static_cast<std::size_t>(amount)});
  }
  return code;
}

int writeFile(sqlite3_file* file, const void* from, int amount, sqlite3_int64 at) {
  const CallVerdict verdict = judge(file, FileAction::Write);
  if (verdict.code == SQLITE_OK) return writeAndRecord(file, from, amount, at);
  if (verdict.halfFirst) writeAndRecord(file, from, amount / 2, at);
  return verdict.code;
}

int truncateFile(sqlite3_file* file, sqlite3_int64 size) {
  const CallVerdict verdict = judge(file, FileAction::Truncate);
  if (verdict.code != SQLITE_OK) return verdict.code;
  const std::lock_guard lock(disk().order);
  const int code = realOf(file)->pMethods->xTruncate(realOf(file), size);
  if (code == SQLITE_OK) disk().recorder.truncated(own(file).number, size);
  return code;
}

int syncFile(sqlite3_file* file, int flags) {
  const CallVerdict verdict = judge(file, FileAction::Sync);
  const std::lock_guard lock(disk().order);
  const int code = verdict.code != SQLITE_OK ? verdict.code : realOf(file)->pMethods->xSync(realOf(file), flags);
  disk().recorder.synced(own(file).number, code == SQLITE_OK, own(file).syncsDirectory);
  if (code != SQLITE_OK) return code;
  own(file).syncsDirectory = false;
  ++disk().syncs[static_cast<std::size_t>(own(file).role)];
  return SQLITE_OK;
}

int fileSize(sqlite3_file* file, sqlite3_int64* size) {
  const CallVerdict verdict = judge(file, FileAction::Look);
  return verdict.code != SQLITE_OK ? verdict.code : realOf(file)->pMethods->xFileSize(realOf(file), size);
}
int mapShared(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  const CallVerdict verdict = judge(file, FileAction::Map);
  if (verdict.code == SQLITE_OK) return realOf(file)->pMethods->xShmMap(realOf(file), page, size, extend, out);
  *out = nullptr;
  return verdict.code;
}

int lockFile(sqlite3_file* file, int level) { return realOf(file)->pMethods->xLock(realOf(file), level); }
int unlockFile(sqlite3_file* file, int level) { return realOf(file)->pMethods->xUnlock(realOf(file), level); }
int checkLock(sqlite3_file* file, int* out) { return realOf(file)->pMethods->xCheckReservedLock(realOf(file), out); }
int control(sqlite3_file* file, int what, void* argument) {
  return realOf(file)->pMethods->xFileControl(realOf(file), what, argument);
}
int sectorSize(sqlite3_file* file) { return realOf(file)->pMethods->xSectorSize(realOf(file)); }
int traits(sqlite3_file* file) { return realOf(file)->pMethods->xDeviceCharacteristics(realOf(file)); }
int lockShared(sqlite3_file* file, int offset, int n, int flags) {
  return realOf(file)->pMethods->xShmLock(realOf(file), offset, n, flags);
}
void barrier(sqlite3_file* file) { realOf(file)->pMethods->xShmBarrier(realOf(file)); }
int unmapShared(sqlite3_file* file, int remove) { return realOf(file)->pMethods->xShmUnmap(realOf(file), remove); }

// Version 2: without memory-mapped reading, which could not be made to fail.
constexpr sqlite3_io_methods kMethods{2,          closeFile,  readFile,    writeFile, truncateFile, syncFile, fileSize,
                                      lockFile,   unlockFile, checkLock,   control,   sectorSize,   traits,   mapShared,
                                      lockShared, barrier,    unmapShared, nullptr,   nullptr};

FileRole roleOf(int flags) noexcept {
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) return FileRole::Database;
  if ((flags & SQLITE_OPEN_WAL) != 0) return FileRole::Log;
  return (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0 ? FileRole::Journal
                                                                               : FileRole::Temporary;
}

bool exists(const char* name) noexcept {
  int there = 0;
  return disk().real->xAccess(disk().real, name, SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK && there != 0;
}

int openFile(sqlite3_vfs* /*self*/, const char* name, sqlite3_file* file, int flags, int* outFlags) {
  file->pMethods = nullptr;
  File& opened = own(file);
  opened.role = roleOf(flags);
  const bool writes = (flags & SQLITE_OPEN_READWRITE) != 0;
  const std::lock_guard lock(disk().order);
  const bool created = name != nullptr && (flags & SQLITE_OPEN_CREATE) != 0 && !exists(name);
  const CallVerdict verdict = disk().judge(opened.role, FileAction::Open, created, writes);
  if (verdict.code != SQLITE_OK) return verdict.code;
  if (verdict.readOnly) {
    if (created) return SQLITE_CANTOPEN;
    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  }
  const int code = disk().real->xOpen(disk().real, name, realOf(file), flags, outFlags);
  if (code != SQLITE_OK) return code;
  const bool isNamed = name != nullptr && (flags & SQLITE_OPEN_DELETEONCLOSE) == 0;
  opened.number = isNamed ? disk().recorder.opened(name, created) : Recorder::kNone;
  // As the unix layer does: wherever it could have made a log or journal; never for the database itself.
  opened.syncsDirectory =
      (flags & SQLITE_OPEN_CREATE) != 0 && (opened.role == FileRole::Log || opened.role == FileRole::Journal);
  opened.opened = true;
  ++disk().openFiles;
  file->pMethods = &kMethods;
  return SQLITE_OK;
}

int deleteFile(sqlite3_vfs* /*self*/, const char* name, int syncDirectory) {
  const CallVerdict verdict = disk().judge(roleByName(name), FileAction::Delete);
  if (verdict.code != SQLITE_OK) return verdict.code;
  const std::lock_guard lock(disk().order);
  const int code = disk().real->xDelete(disk().real, name, syncDirectory);
  if (code == SQLITE_OK) disk().recorder.deleted(name, syncDirectory != 0);
  return code;
}

int look(sqlite3_vfs* /*self*/, const char* name, int flags, int* out) {
  const CallVerdict verdict = disk().judge(roleByName(name), FileAction::Look);
  if (verdict.code != SQLITE_OK) return SQLITE_IOERR_ACCESS;
  return disk().real->xAccess(disk().real, name, flags, out);
}

int lastError(sqlite3_vfs* /*self*/, int size, char* text) {
  const int error = DiskState::lastErrno();
  return error != 0 ? error : disk().real->xGetLastError(disk().real, size, text);
}

}  // namespace

std::atomic<std::uint64_t>& randomSeed() noexcept {
  static std::atomic<std::uint64_t> seed{0};
  return seed;
}

namespace {

int randomness(sqlite3_vfs* /*self*/, int size, char* out) {
  const std::uint64_t seed = randomSeed();
  if (seed == 0) return disk().real->xRandomness(disk().real, size, out);
  std::mt19937_64 random(seed);
  std::generate_n(out, size, [&random] { return static_cast<char>(random()); });
  return size;
}

}  // namespace

sqlite3_vfs& faultyVfs() noexcept {
  static sqlite3_vfs vfs{};
  return vfs;
}

void prepareFaultyVfs() noexcept {
  // Whatever is not named here is the real layer's: its functions do not look at the object they are called for.
  sqlite3_vfs& vfs = faultyVfs();
  vfs = *disk().real;
  vfs.zName = "holdfast-testing";
  vfs.pNext = nullptr;
  vfs.szOsFile = static_cast<int>(kRealAt) + disk().real->szOsFile;
  vfs.xOpen = openFile;
  vfs.xDelete = deleteFile;
  vfs.xAccess = look;
  vfs.xGetLastError = lastError;
  vfs.xRandomness = randomness;
}

}  // namespace holdfast::testing
