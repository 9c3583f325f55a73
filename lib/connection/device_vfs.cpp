// SQLite's file layer on holdfast::DevicePort, for an SQLite that was built with SQLITE_OS_OTHER=1 and asks for one.
//
// Locks count between the handles of this program alone: nobody else has the medium.

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>

#include <sqlite3.h>

#include "core/port/device/device.hpp"

namespace holdfast {
namespace {

constexpr int kLongestName = 512;

/// As SQLite allocates it; the base comes first.
struct OpenDeviceFile {
  sqlite3_file base{};
  DeviceFile* file = nullptr;
  OpenDeviceFile* next = nullptr;
  int lock = SQLITE_LOCK_NONE;
  int characteristics = 0;
  bool deleteOnClose = false;
  std::array<char, kLongestName + 1> name{};
};

/// Those that are open, to find the other handles on a file.
constinit OpenDeviceFile* firstOpen = nullptr;

OpenDeviceFile& of(sqlite3_file* file) noexcept { return *reinterpret_cast<OpenDeviceFile*>(file); }

/// Of an operation that stores nothing where it fails so: opening, writing.
int codeOf(DeviceResult result, int otherwise) noexcept {
  switch (result) {
    case DeviceResult::Ok: return SQLITE_OK;
    case DeviceResult::Missing: return SQLITE_CANTOPEN;
    case DeviceResult::Full: return SQLITE_FULL;
    case DeviceResult::ReadOnly: return SQLITE_READONLY;
    case DeviceResult::NoMemory: return SQLITE_IOERR_NOMEM;
    case DeviceResult::Failed: break;
  }
  return otherwise;
}

/// Of the others. SQLite takes SQLITE_FULL, say, for a promise that COMMIT has not taken effect; a sync that fails promises
/// nothing.
int failureOf(DeviceResult result, int code) noexcept {
  if (result == DeviceResult::Ok) return SQLITE_OK;
  return result == DeviceResult::NoMemory ? SQLITE_IOERR_NOMEM : code;
}

/// Whether the device had some when SQLite asked for them, which it does once.
constinit bool hasRandomNumbers = false;

/// SQLite decides by them how it writes a journal: they must not change while a file is open.
int characteristicsOf(const DeviceTraits& traits) noexcept {
  unsigned char any = 0;
  sqlite3_randomness(1, &any);  // Then it has asked.
  // With it nothing but a random number tells a journal's records from older ones behind them, and the journal is kept: a
  // number that comes again after a reset would have the older ones played back.
  const bool safeAppend = traits.safeAppend && hasRandomNumbers;
  return SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN | (traits.powersafeOverwrite ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0) |
         (safeAppend ? SQLITE_IOCAP_SAFE_APPEND : 0) | (traits.sequential ? SQLITE_IOCAP_SEQUENTIAL : 0);
}

bool isOpen(const char* name) noexcept {
  const OpenDeviceFile* file = firstOpen;
  while (file != nullptr && std::strcmp(file->name.data(), name) != 0) file = file->next;
  return file != nullptr;
}

/// The strongest lock that another handle has on the same file.
int lockOfOthers(const OpenDeviceFile& file) noexcept {
  int lock = SQLITE_LOCK_NONE;
  for (const OpenDeviceFile* other = firstOpen; other != nullptr; other = other->next) {
    if (other != &file && std::strcmp(other->name.data(), file.name.data()) == 0) lock = std::max(lock, other->lock);
  }
  return lock;
}

int closeFile(sqlite3_file* base) {
  OpenDeviceFile& file = of(base);
  for (OpenDeviceFile** link = &firstOpen; *link != nullptr; link = &(*link)->next) {
    if (*link != &file) continue;
    *link = file.next;
    break;
  }
  file.file->close();
  if (file.deleteOnClose) port::currentDevice()->remove(file.name.data());
  return SQLITE_OK;
}

int readFile(sqlite3_file* base, void* to, int bytes, sqlite3_int64 offset) {
  const std::span<std::byte> wanted(static_cast<std::byte*>(to), static_cast<std::size_t>(bytes));
  std::size_t count = 0;
  const DeviceResult result = of(base).file->read(offset, wanted, count);
  if (result != DeviceResult::Ok) return failureOf(result, SQLITE_IOERR_READ);
  if (count >= wanted.size()) return SQLITE_OK;
  const auto rest = wanted.subspan(count);
  std::fill(rest.begin(), rest.end(), std::byte{0});  // SQLite counts on it.
  return SQLITE_IOERR_SHORT_READ;
}

int writeFile(sqlite3_file* base, const void* from, int bytes, sqlite3_int64 offset) {
  const std::span<const std::byte> given(static_cast<const std::byte*>(from), static_cast<std::size_t>(bytes));
  return codeOf(of(base).file->write(offset, given), SQLITE_IOERR_WRITE);
}

int truncateFile(sqlite3_file* base, sqlite3_int64 bytes) {
  return failureOf(of(base).file->truncate(bytes), SQLITE_IOERR_TRUNCATE);
}

int syncFile(sqlite3_file* base, int) { return failureOf(of(base).file->sync(), SQLITE_IOERR_FSYNC); }

int fileSize(sqlite3_file* base, sqlite3_int64* bytes) {
  std::int64_t size = 0;
  const int code = failureOf(of(base).file->size(size), SQLITE_IOERR_FSTAT);
  *bytes = size;
  return code;
}

int lockFile(sqlite3_file* base, int wanted) {
  OpenDeviceFile& file = of(base);
  if (file.lock >= wanted) return SQLITE_OK;
  const int others = lockOfOthers(file);
  const bool granted = wanted == SQLITE_LOCK_SHARED     ? others < SQLITE_LOCK_PENDING
                       : wanted == SQLITE_LOCK_RESERVED ? others < SQLITE_LOCK_RESERVED
                                                        : others == SQLITE_LOCK_NONE;
  if (granted) file.lock = wanted;
  // Who waits for readers to leave lets no new ones in.
  if (!granted && wanted == SQLITE_LOCK_EXCLUSIVE && others == SQLITE_LOCK_SHARED) file.lock = SQLITE_LOCK_PENDING;
  return granted ? SQLITE_OK : SQLITE_BUSY;
}

int unlockFile(sqlite3_file* base, int wanted) {
  of(base).lock = std::min(of(base).lock, wanted);
  return SQLITE_OK;
}

int checkReservedLock(sqlite3_file* base, int* reserved) {
  *reserved = std::max(of(base).lock, lockOfOthers(of(base))) >= SQLITE_LOCK_RESERVED ? 1 : 0;
  return SQLITE_OK;
}

int fileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }

int sectorSize(sqlite3_file*) { return port::currentDevice()->traits().sectorBytes; }

int characteristics(sqlite3_file* base) { return of(base).characteristics; }

// Version 1: without shared memory, and so without a write-ahead log, and without memory-mapped files.
constexpr sqlite3_io_methods kMethods{1,
                                      &closeFile,
                                      &readFile,
                                      &writeFile,
                                      &truncateFile,
                                      &syncFile,
                                      &fileSize,
                                      &lockFile,
                                      &unlockFile,
                                      &checkReservedLock,
                                      &fileControl,
                                      &sectorSize,
                                      &characteristics,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr};

/// For a temporary file, which has no name of its own.
void makeName(std::array<char, kLongestName + 1>& name) noexcept {
  static std::uint32_t number = 0;
  constexpr std::string_view kBegin = "holdfast-temporary-";
  char* at = std::copy(kBegin.begin(), kBegin.end(), name.begin());
  ++number;
  for (int digit = 7; digit >= 0; --digit) *at++ = "0123456789abcdef"[number >> (4 * digit) & 15];
}

int openFile(sqlite3_vfs*, const char* name, sqlite3_file* base, int flags, int* outFlags) {
  auto& file = *new (base) OpenDeviceFile;  // No methods: where opening fails it is not closed.
  DevicePort* const device = port::currentDevice();
  if (device == nullptr) return SQLITE_CANTOPEN;
  if (name == nullptr) {
    makeName(file.name);
  } else {
    const std::size_t length = std::strlen(name);
    if (length > kLongestName) return SQLITE_CANTOPEN;
    std::memcpy(file.name.data(), name, length);
  }
  DeviceResult result = DeviceResult::Failed;
  file.file = device->open(file.name.data(), (flags & SQLITE_OPEN_CREATE) != 0, result);
  if (file.file == nullptr) return codeOf(result == DeviceResult::Ok ? DeviceResult::Failed : result, SQLITE_CANTOPEN);
  // One that a reset has left behind may have the name of a temporary file.
  if (name == nullptr) result = file.file->truncate(0);
  if (name == nullptr && result != DeviceResult::Ok) {
    file.file->close();
    return failureOf(result, SQLITE_IOERR_TRUNCATE);
  }
  file.characteristics = characteristicsOf(device->traits());
  file.deleteOnClose = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  file.next = firstOpen;
  firstOpen = &file;
  file.base.pMethods = &kMethods;
  if (outFlags != nullptr) *outFlags = flags;
  return SQLITE_OK;
}

int deleteFile(sqlite3_vfs*, const char* name, int) {
  // A handle of the application's own, in another journal mode, would delete the journal of ours.
  if (isOpen(name)) return SQLITE_IOERR_DELETE;
  const DeviceResult result = port::currentDevice()->remove(name);
  return result == DeviceResult::Missing ? SQLITE_IOERR_DELETE_NOENT : failureOf(result, SQLITE_IOERR_DELETE);
}

int findFile(sqlite3_vfs*, const char* name, int, int* found) {
  const DeviceResult result = port::currentDevice()->find(name);
  *found = result == DeviceResult::Ok ? 1 : 0;
  return result == DeviceResult::Missing ? SQLITE_OK : failureOf(result, SQLITE_IOERR_ACCESS);
}

int fullName(sqlite3_vfs*, const char* name, int bytes, char* full) {
  const std::size_t length = std::strlen(name);
  if (length >= static_cast<std::size_t>(bytes)) return SQLITE_CANTOPEN;
  std::memcpy(full, name, length + 1);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs*, int bytes, char* to) {
  const std::span<char> wanted(to, static_cast<std::size_t>(bytes));
  hasRandomNumbers = port::currentDevice()->randomBytes(std::as_writable_bytes(wanted));
  return hasRandomNumbers ? bytes : 0;
}

int sleepMicroseconds(sqlite3_vfs*, int microseconds) {
  port::currentDevice()->sleep(std::chrono::microseconds(microseconds));
  return microseconds;
}

int timeOfDay(sqlite3_vfs*, sqlite3_int64* julianMilliseconds) {
  constexpr sqlite3_int64 kEpoch = 210'866'760'000'000;  // 1970-01-01 in milliseconds since the Julian epoch.
  *julianMilliseconds = kEpoch + port::currentDevice()->timeOfDay().time_since_epoch().count();
  return SQLITE_OK;
}

int lastError(sqlite3_vfs*, int, char*) { return 0; }

sqlite3_vfs makeVfs() noexcept {
  sqlite3_vfs vfs{};
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(OpenDeviceFile);
  vfs.mxPathname = kLongestName;
  vfs.zName = "holdfast-device";
  vfs.xOpen = &openFile;
  vfs.xDelete = &deleteFile;
  vfs.xAccess = &findFile;
  vfs.xFullPathname = &fullName;
  vfs.xRandomness = &randomness;
  vfs.xSleep = &sleepMicroseconds;
  vfs.xGetLastError = &lastError;
  vfs.xCurrentTimeInt64 = &timeOfDay;
  return vfs;
}

}  // namespace
}  // namespace holdfast

extern "C" int sqlite3_os_init(void) {
  // SQLite is not started then, and is asked again when it is used next.
  if (holdfast::port::currentDevice() == nullptr) return SQLITE_CANTOPEN;
  static sqlite3_vfs vfs = holdfast::makeVfs();
  return sqlite3_vfs_register(&vfs, 1);
}

extern "C" int sqlite3_os_end(void) { return SQLITE_OK; }
