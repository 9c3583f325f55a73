#include "support/faulty_vfs.hpp"

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cstddef>

namespace holdfast::test {
namespace {

constexpr int kNothing = -1;

struct Plan {
  std::atomic<int> target{kNothing};  // Role and action in one.
  std::atomic<int> code{0};
  std::atomic<int> passes{0};
  std::atomic<int> left{0};  // Failures; below zero there is no end of them.
  std::atomic<int> refused{0};
} plan;

std::array<std::atomic<int>, 3> syncsOf{};  // By role.

/// SQLite allocates it, followed by the real file.
struct File {
  sqlite3_file base;
  FileRole role;
};

constexpr std::size_t kRealAt = (sizeof(File) + 15) / 16 * 16;

int targetOf(FileRole role, FileAction action) noexcept {
  return static_cast<int>(role) * 16 + static_cast<int>(action);
}

sqlite3_file* realOf(sqlite3_file* file) noexcept {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kRealAt);
}

/// What to fail with; SQLITE_OK where the operation may go on.
int verdict(sqlite3_file* file, FileAction action) noexcept {
  if (plan.target.load() != targetOf(reinterpret_cast<File*>(file)->role, action)) return SQLITE_OK;
  if (plan.passes.fetch_sub(1) > 0) return SQLITE_OK;
  if (plan.left == 0) return SQLITE_OK;
  if (plan.left > 0) --plan.left;
  ++plan.refused;
  return plan.code.load();
}

int closeFile(sqlite3_file* file) { return realOf(file)->pMethods->xClose(realOf(file)); }
int readFile(sqlite3_file* file, void* to, int amount, sqlite3_int64 at) {
  const int code = verdict(file, FileAction::Read);
  return code != SQLITE_OK ? code : realOf(file)->pMethods->xRead(realOf(file), to, amount, at);
}
int writeFile(sqlite3_file* file, const void* from, int amount, sqlite3_int64 at) {
  const int code = verdict(file, FileAction::Write);
  return code != SQLITE_OK ? code : realOf(file)->pMethods->xWrite(realOf(file), from, amount, at);
}
int truncateFile(sqlite3_file* file, sqlite3_int64 size) {
  const int code = verdict(file, FileAction::Truncate);
  return code != SQLITE_OK ? code : realOf(file)->pMethods->xTruncate(realOf(file), size);
}
int syncFile(sqlite3_file* file, int flags) {
  const int code = verdict(file, FileAction::Sync);
  if (code == SQLITE_OK) ++syncsOf[static_cast<std::size_t>(reinterpret_cast<File*>(file)->role)];
  return code != SQLITE_OK ? code : realOf(file)->pMethods->xSync(realOf(file), flags);
}
int fileSize(sqlite3_file* file, sqlite3_int64* size) { return realOf(file)->pMethods->xFileSize(realOf(file), size); }
int lockFile(sqlite3_file* file, int level) { return realOf(file)->pMethods->xLock(realOf(file), level); }
int unlockFile(sqlite3_file* file, int level) { return realOf(file)->pMethods->xUnlock(realOf(file), level); }
int checkLock(sqlite3_file* file, int* out) { return realOf(file)->pMethods->xCheckReservedLock(realOf(file), out); }
int control(sqlite3_file* file, int what, void* argument) {
  return realOf(file)->pMethods->xFileControl(realOf(file), what, argument);
}
int sectorSize(sqlite3_file* file) { return realOf(file)->pMethods->xSectorSize(realOf(file)); }
int traits(sqlite3_file* file) { return realOf(file)->pMethods->xDeviceCharacteristics(realOf(file)); }
int mapShared(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return realOf(file)->pMethods->xShmMap(realOf(file), page, size, extend, out);
}
int lockShared(sqlite3_file* file, int offset, int n, int flags) {
  return realOf(file)->pMethods->xShmLock(realOf(file), offset, n, flags);
}
void barrier(sqlite3_file* file) { realOf(file)->pMethods->xShmBarrier(realOf(file)); }
int unmapShared(sqlite3_file* file, int remove) { return realOf(file)->pMethods->xShmUnmap(realOf(file), remove); }

// Version 2: without memory-mapped reading, which could not be made to fail.
constexpr sqlite3_io_methods kMethods{2,          closeFile,  readFile,    writeFile, truncateFile, syncFile, fileSize,
                                      lockFile,   unlockFile, checkLock,   control,   sectorSize,   traits,   mapShared,
                                      lockShared, barrier,    unmapShared, nullptr,   nullptr};

sqlite3_vfs* real = nullptr;

FileRole roleOf(int flags) noexcept {
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) return FileRole::Database;
  return (flags & SQLITE_OPEN_WAL) != 0 ? FileRole::Log : FileRole::Temporary;
}

int openFile(sqlite3_vfs* /*self*/, const char* name, sqlite3_file* file, int flags, int* outFlags) {
  reinterpret_cast<File*>(file)->role = roleOf(flags);
  const int code = real->xOpen(real, name, realOf(file), flags, outFlags);
  file->pMethods = code == SQLITE_OK ? &kMethods : nullptr;
  return code;
}

/// Everything but opening is the real one's: its functions do not look at the object they are called for.
sqlite3_vfs& shim() noexcept {
  static sqlite3_vfs vfs = [] {
    real = sqlite3_vfs_find(nullptr);
    sqlite3_vfs made = *real;
    made.zName = "holdfast-faulty";
    made.pNext = nullptr;
    made.szOsFile = static_cast<int>(kRealAt) + real->szOsFile;
    made.xOpen = openFile;
    return made;
  }();
  return vfs;
}

}  // namespace

FaultyVfs::FaultyVfs() {
  sqlite3_initialize();
  sqlite3_vfs_register(&shim(), 1);
  heal();
}

FaultyVfs::~FaultyVfs() {
  heal();
  sqlite3_vfs_register(real, 1);
}

void FaultyVfs::fail(FileRole role, FileAction action, int code, int after, int times) noexcept {
  plan.target = kNothing;
  plan.code = code;
  plan.passes = after;
  plan.left = times;
  plan.refused = 0;
  plan.target = targetOf(role, action);
}

void FaultyVfs::heal() noexcept { plan.target = kNothing; }

int FaultyVfs::refused() const noexcept { return plan.refused; }

int FaultyVfs::syncs(FileRole role) const noexcept { return syncsOf[static_cast<std::size_t>(role)]; }

}  // namespace holdfast::test
