#include "bench_transactions/shim_vfs.hpp"

#include <sqlite3.h>

#include <atomic>
#include <new>
#include <stdexcept>
#include <thread>

namespace bench {

/// The methods that are not replaced are copied from the VFS underneath. SQLite's own ones look at nothing else of the
/// object that they are called with, and that is copied too.
struct ShimVfs::Registration : sqlite3_vfs {
  sqlite3_vfs* under = nullptr;
  std::chrono::microseconds syncDelay{0};
  std::atomic<std::uint64_t> bytesWritten{0};
  std::atomic<std::uint64_t> syncs{0};

  struct File;
  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flagsOut);
};

/// The file of the VFS underneath lies directly behind.
struct ShimVfs::Registration::File : sqlite3_file {
  Registration* vfs = nullptr;

  sqlite3_file* under() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File& of(sqlite3_file* file) noexcept { return *static_cast<File*>(file); }

  /// The same method of the file underneath.
  template <auto Method, typename... Args>
  static auto through(sqlite3_file* file, Args... args) {
    sqlite3_file* under = of(file).under();
    return (under->pMethods->*Method)(under, args...);
  }

  static int write(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
    of(file).vfs->bytesWritten.fetch_add(static_cast<std::uint64_t>(amount), std::memory_order_relaxed);
    return through<&sqlite3_io_methods::xWrite>(file, data, amount, offset);
  }
  static int sync(sqlite3_file* file, int flags) {
    Registration& vfs = *of(file).vfs;
    vfs.syncs.fetch_add(1, std::memory_order_relaxed);
    if (vfs.syncDelay.count() > 0) std::this_thread::sleep_for(vfs.syncDelay);
    return through<&sqlite3_io_methods::xSync>(file, flags);
  }
  static const sqlite3_io_methods kMethods;
};

const sqlite3_io_methods ShimVfs::Registration::File::kMethods = {
    3,
    &through<&sqlite3_io_methods::xClose>,
    &through<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>,
    &write,
    &through<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
    &sync,
    &through<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
    &through<&sqlite3_io_methods::xLock, int>,
    &through<&sqlite3_io_methods::xUnlock, int>,
    &through<&sqlite3_io_methods::xCheckReservedLock, int*>,
    &through<&sqlite3_io_methods::xFileControl, int, void*>,
    &through<&sqlite3_io_methods::xSectorSize>,
    &through<&sqlite3_io_methods::xDeviceCharacteristics>,
    &through<&sqlite3_io_methods::xShmMap, int, int, int, void volatile**>,
    &through<&sqlite3_io_methods::xShmLock, int, int, int>,
    &through<&sqlite3_io_methods::xShmBarrier>,
    &through<&sqlite3_io_methods::xShmUnmap, int>,
    &through<&sqlite3_io_methods::xFetch, sqlite3_int64, int, void**>,
    &through<&sqlite3_io_methods::xUnfetch, sqlite3_int64, void*>,
};

int ShimVfs::Registration::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flagsOut) {
  auto* self = static_cast<Registration*>(vfs);
  File* shim = new (file) File{};
  shim->vfs = self;
  shim->pMethods = nullptr;
  const int code = self->under->xOpen(self->under, name, shim->under(), flags, flagsOut);
  if (shim->under()->pMethods == nullptr) return code;
  if (shim->under()->pMethods->iVersion < File::kMethods.iVersion) {
    shim->under()->pMethods->xClose(shim->under());
    return SQLITE_CANTOPEN;
  }
  shim->pMethods = &File::kMethods;
  return code;
}

ShimVfs::ShimVfs(std::chrono::microseconds syncDelay) : registration_(std::make_unique<Registration>()) {
  sqlite3_vfs* under = sqlite3_vfs_find(nullptr);
  if (under == nullptr) throw std::runtime_error("SQLite has no default VFS");
  static_cast<sqlite3_vfs&>(*registration_) = *under;
  registration_->under = under;
  registration_->syncDelay = syncDelay;
  registration_->szOsFile = static_cast<int>(sizeof(Registration::File)) + under->szOsFile;
  registration_->pNext = nullptr;
  registration_->zName = "holdfast-bench-shim";
  registration_->xOpen = &Registration::open;
  if (sqlite3_vfs_register(registration_.get(), 1) != SQLITE_OK) {
    throw std::runtime_error("SQLite refuses the VFS that counts");
  }
}

ShimVfs::~ShimVfs() { sqlite3_vfs_unregister(registration_.get()); }

std::uint64_t ShimVfs::bytesWritten() const noexcept {
  return registration_->bytesWritten.load(std::memory_order_relaxed);
}

std::uint64_t ShimVfs::syncs() const noexcept { return registration_->syncs.load(std::memory_order_relaxed); }

}  // namespace bench
