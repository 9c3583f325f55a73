#include "connection/counting_vfs.hpp"

#include <cstdio>
#include <new>

#include <sqlite3.h>

#include <holdfast/error.hpp>

#include "connection/page_checks.hpp"
#include "core/out_of_memory.hpp"

namespace holdfast {
namespace {

enum Kind : std::size_t { kDatabase, kLog, kJournal, kOther };

/// Behind the file object of the layer below: its methods, with some of them replaced. The file points to them, so that a
/// call finds what it needs by the file alone.
struct CountedMethods {
  sqlite3_io_methods methods;  // First.
  const sqlite3_io_methods* below;
  CountingVfs::Counts* counts;
  sqlite3_vfs* layer;
  std::atomic<int>* error;
  PageChecks checks;

  int failed(int code) const noexcept {
    if (layer->xGetLastError != nullptr) {
      error->store(layer->xGetLastError(layer, 0, nullptr), std::memory_order_relaxed);
    }
    return code;
  }
};

CountedMethods& of(sqlite3_file* file) noexcept {
  return *reinterpret_cast<CountedMethods*>(const_cast<sqlite3_io_methods*>(file->pMethods));
}

int writeFile(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
  const CountedMethods& counted = of(file);
  const int code = counted.below->xWrite(file, from, bytes, offset);
  if (code != SQLITE_OK) return counted.failed(code);
  counted.counts->bytes.fetch_add(static_cast<std::uint64_t>(bytes), std::memory_order_relaxed);
  return code;
}

int readDatabase(sqlite3_file* file, void* to, int bytes, sqlite3_int64 offset) {
  CountedMethods& counted = of(file);
  const int code = counted.below->xRead(file, to, bytes, offset);
  if (code != SQLITE_OK || (offset != 0 && !counted.checks.on)) return code;
  return counted.checks.checkRead(file, *counted.below, to, bytes, offset);
}

int writeDatabase(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
  CountedMethods& counted = of(file);
  // It is a page of this handle's own cache, which has room for that.
  if (offset == 0 || counted.checks.on) counted.checks.prepareWrite(const_cast<void*>(from), bytes, offset);
  return writeFile(file, from, bytes, offset);
}

int readLog(sqlite3_file* file, void* to, int bytes, sqlite3_int64 offset) {
  CountedMethods& counted = of(file);
  const int code = counted.below->xRead(file, to, bytes, offset);
  return code == SQLITE_OK ? counted.checks.checkLogRead(file, *counted.below, to, bytes, offset) : code;
}

int writeLog(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
  const int code = writeFile(file, from, bytes, offset);
  if (code == SQLITE_OK) of(file).checks.noteLogWrite(from, bytes, offset);
  return code;
}

int syncFile(sqlite3_file* file, int flags) {
  const CountedMethods& counted = of(file);
  const int code = counted.below->xSync(file, flags);
  if (code != SQLITE_OK) return counted.failed(code);
  counted.counts->syncs.fetch_add(1, std::memory_order_relaxed);
  return code;
}

int carefulTraits(sqlite3_file* file) {
  return of(file).below->xDeviceCharacteristics(file) & ~SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/// By what a file is.
void replaceCalls(CountedMethods& counted, Kind kind, const char* name) noexcept {
  if (kind == kDatabase) {
    counted.methods.xRead = &readDatabase;
    counted.methods.xWrite = &writeDatabase;
    if (counted.methods.iVersion > 2) counted.methods.iVersion = 2;  // No mapped pages, which nobody would check.
  } else if (kind == kLog) {
    counted.methods.xRead = &readLog;
    counted.methods.xWrite = &writeLog;
    counted.checks.database = &of(sqlite3_database_file_object(name)).checks;
  }
}

Kind kindOf(int flags) noexcept {
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) return kDatabase;
  if ((flags & SQLITE_OPEN_WAL) != 0) return kLog;
  return (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0 ? kJournal : kOther;
}

/// A layer may be older than this SQLite: only what its version has is there to be copied.
sqlite3_io_methods copyOf(const sqlite3_io_methods& below) noexcept {
  sqlite3_io_methods methods{};
  methods.iVersion = below.iVersion;
  methods.xClose = below.xClose;
  methods.xRead = below.xRead;
  methods.xWrite = &writeFile;
  methods.xTruncate = below.xTruncate;
  methods.xSync = &syncFile;
  methods.xFileSize = below.xFileSize;
  methods.xLock = below.xLock;
  methods.xUnlock = below.xUnlock;
  methods.xCheckReservedLock = below.xCheckReservedLock;
  methods.xFileControl = below.xFileControl;
  methods.xSectorSize = below.xSectorSize;
  methods.xDeviceCharacteristics = below.xDeviceCharacteristics;
  if (below.iVersion < 2) return methods;
  methods.xShmMap = below.xShmMap;
  methods.xShmLock = below.xShmLock;
  methods.xShmBarrier = below.xShmBarrier;
  methods.xShmUnmap = below.xShmUnmap;
  if (below.iVersion < 3) return methods;
  methods.xFetch = below.xFetch;
  methods.xUnfetch = below.xUnfetch;
  return methods;
}

}  // namespace

PageChecks* pageChecksOf(sqlite3* handle) noexcept {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK || file->pMethods == nullptr || file->pMethods->xRead != &readDatabase) return nullptr;
  return &of(file).checks;
}

struct CountingVfs::Layer {
  sqlite3_vfs base{};  // First.
  sqlite3_vfs* below = nullptr;
  std::array<Counts, 4>* counts = nullptr;
  std::atomic<int>* error = nullptr;
  std::atomic<PageChecks::Known> known{PageChecks::Known::Nothing};
  bool careful = false;

  std::size_t methodsAt() const noexcept { return (static_cast<std::size_t>(below->szOsFile) + 15) / 16 * 16; }

  static int openFile(sqlite3_vfs* self, const char* name, sqlite3_file* file, int flags, int* outFlags) {
    Layer& layer = *reinterpret_cast<Layer*>(self);
    const int code = layer.below->xOpen(layer.below, name, file, flags, outFlags);
    if (file->pMethods == nullptr) return code;  // Else it is closed, also where opening has failed.
    void* const place = reinterpret_cast<char*>(file) + layer.methodsAt();
    const Kind kind = kindOf(flags);
    auto* const counted = new (place)
        CountedMethods{copyOf(*file->pMethods), file->pMethods, &(*layer.counts)[kind], layer.below, layer.error, {}};
    counted->checks.known = &layer.known;
    replaceCalls(*counted, kind, name);
    if (layer.careful) counted->methods.xDeviceCharacteristics = &carefulTraits;
    file->pMethods = &counted->methods;
    return code;
  }
};

std::shared_ptr<CountingVfs> CountingVfs::make(bool careful) {
  return translatingBadAlloc([careful] { return std::make_shared<CountingVfs>(careful); });
}

CountingVfs::CountingVfs(bool careful) : layer_(std::make_unique<Layer>()) {
  static std::atomic<unsigned> number{0};
  sqlite3_initialize();
  layer_->below = sqlite3_vfs_find(nullptr);
  if (layer_->below == nullptr) throw Error(ErrorCode::CannotOpen, "SQLite has no file layer: it could not be started");
  layer_->counts = &counts_;
  layer_->error = &error_;
  layer_->careful = careful;
  std::snprintf(name_.data(), name_.size(), "holdfast-%u", number.fetch_add(1) + 1);
  // Whatever is not named here is the layer's below: these functions do not look at the object they are called for, but
  // for what is copied.
  layer_->base = *layer_->below;
  layer_->base.pNext = nullptr;
  layer_->base.zName = name_.data();
  layer_->base.szOsFile = static_cast<int>(layer_->methodsAt() + sizeof(CountedMethods));
  layer_->base.xOpen = &Layer::openFile;
  if (sqlite3_vfs_register(&layer_->base, 0) != SQLITE_OK) throw outOfMemory();
}

CountingVfs::~CountingVfs() { sqlite3_vfs_unregister(&layer_->base); }

FlashFiles CountingVfs::writes() const noexcept {
  const auto of = [this](Kind kind) {
    return FlashWrites{counts_[kind].bytes.load(std::memory_order_relaxed),
                       counts_[kind].syncs.load(std::memory_order_relaxed)};
  };
  return {of(kDatabase), of(kLog), of(kJournal), of(kOther)};
}

void CountingVfs::addOther(std::uint64_t bytes, std::uint64_t syncs) noexcept {
  counts_[kOther].bytes.fetch_add(bytes, std::memory_order_relaxed);
  counts_[kOther].syncs.fetch_add(syncs, std::memory_order_relaxed);
}

}  // namespace holdfast
