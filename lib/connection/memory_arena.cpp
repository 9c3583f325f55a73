// The block: first the places for pages, then the heap. SQLite asks for a page and its header at once, 4096 and some
// 250 bytes, which a heap of powers of two would answer with 8192.

#include "connection/memory_arena.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <new>
#include <span>
#include <string>

#include <sqlite3.h>

#include <holdfast/error.hpp>
#include <holdfast/memory_arena.hpp>

#include "connection/buddy_allocator.hpp"
#include "connection/heap_wall.hpp"
#include "connection/sqlite_library.hpp"
#include "core/out_of_memory.hpp"
#include "core/port/mutex.hpp"
#include "policy/memory_budget.hpp"

namespace holdfast {
namespace {

constexpr int kSmallest = static_cast<int>(BuddyAllocator::kSmallest);

/// Of the whole process, as SQLite's allocator is.
struct Arena {
  port::Mutex mutex;
  BuddyAllocator heap HOLDFAST_GUARDED_BY(mutex);
  std::uint64_t refusals HOLDFAST_GUARDED_BY(mutex) = 0;
  // Written once, before `allocator` says that there is one.
  std::span<std::byte> block;
  std::span<std::byte> heapPart;
  std::int64_t pageBytes = 0;
  std::int64_t pages = 0;
  std::int64_t placeBytes = 0;
  std::atomic<ArenaAllocator> allocator{ArenaAllocator::None};
};

constinit Arena arena;

// SQLite serialises these calls only while it keeps statistics.

void* heapMalloc(int bytes) {
  const port::LockGuard guard(arena.mutex);
  void* block = arena.heap.allocate(static_cast<std::size_t>(bytes));
  if (block == nullptr) ++arena.refusals;
  return block;
}

void heapFree(void* block) {
  const port::LockGuard guard(arena.mutex);
  if (block != nullptr) arena.heap.release(block);
}

int heapSize(void* block) {
  const port::LockGuard guard(arena.mutex);
  return block == nullptr ? 0 : static_cast<int>(arena.heap.sizeOf(block));
}

int heapRoundUp(int bytes) {
  constexpr int kMost = 1 << 30;  // The next power of two is no int; and no arena is so large.
  return bytes > kMost ? bytes : static_cast<int>(BuddyAllocator::roundUp(static_cast<std::size_t>(bytes)));
}

void* heapRealloc(void* block, int bytes) {
  const int size = heapSize(block);
  if (heapRoundUp(bytes) == size) return block;
  void* moved = heapMalloc(bytes);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, static_cast<std::size_t>(std::min(size, bytes)));
  heapFree(block);
  return moved;
}

int heapInit(void* /*data*/) {
  const port::LockGuard guard(arena.mutex);
  return arena.heap.adopt(arena.heapPart) ? SQLITE_OK : SQLITE_NOMEM;
}

void heapShutdown(void* /*data*/) {}

bool exists() noexcept { return arena.allocator.load() != ArenaAllocator::None; }

/// Puts SQLite's settings back where a later one is refused.
class Settings {
 public:
  Settings() {
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &before_) == SQLITE_OK) return;
    throw Error(ErrorCode::Misuse,
                "SQLite is in use already: configureMemory() belongs before the first database of the process");
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
  ~Settings() {
    if (kept_) return;
    sqlite3_config(SQLITE_CONFIG_HEAP, nullptr, 0, 0);
    sqlite3_config(SQLITE_CONFIG_MALLOC, &before_);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
    sqlite3_config(SQLITE_CONFIG_SMALL_MALLOC, 0);
    operator delete(owned_, std::align_val_t{BuddyAllocator::kSmallest});
  }
  void keep() noexcept { kept_ = true; }
  /// The block, which is given back where it is not kept.
  std::span<std::byte> obtainBlock(const ArenaOptions& options);

 private:
  sqlite3_mem_methods before_{};
  std::byte* owned_ = nullptr;
  bool kept_ = false;
};

void require(int code, const char* what) {
  if (code == SQLITE_OK) return;
  throw Error(code == SQLITE_NOMEM ? ErrorCode::MemoryLimit : ErrorCode::Unsupported,
              std::string("SQLite did not take ") + what + " (" + sqlite3_errstr(code) + ")", code, 0);
}

std::span<std::byte> Settings::obtainBlock(const ArenaOptions& options) {
  const auto bytes = static_cast<std::size_t>(options.bytes);
  if (options.storage.empty()) {
    owned_ = static_cast<std::byte*>(operator new(bytes, std::align_val_t{BuddyAllocator::kSmallest}));
    return {owned_, bytes};
  }
  const std::span<std::byte> given = bytes == 0 ? options.storage : options.storage.first(bytes);
  const auto address = reinterpret_cast<std::uintptr_t>(given.data());
  return given.subspan((BuddyAllocator::kSmallest - address % BuddyAllocator::kSmallest) % BuddyAllocator::kSmallest);
}

void dividePages(const ArenaOptions& options) {
  int header = 0;
  require(sqlite3_config(SQLITE_CONFIG_PCACHE_HDRSZ, &header), "the size of a page's header");
  const auto whole = static_cast<std::int64_t>(arena.block.size());
  const std::int64_t wanted = options.pageCacheBytes >= 0 ? options.pageCacheBytes : whole / 10 * 6;
  arena.placeBytes = (options.pageSize + header + 7) / 8 * 8;
  arena.pages = wanted / arena.placeBytes;
  arena.pageBytes = (arena.pages * arena.placeBytes + kSmallest - 1) / kSmallest * kSmallest;
  arena.heapPart = arena.block.subspan(static_cast<std::size_t>(arena.pageBytes));
}

ArenaAllocator chooseAllocator(const ArenaOptions& options) {
  // The size is an int there; larger heaps are ours.
  if (!options.ownAllocator && sqlite3_config(SQLITE_CONFIG_HEAP, arena.heapPart.data(),
                                              static_cast<int>(arena.heapPart.size()), kSmallest) == SQLITE_OK) {
    return ArenaAllocator::Memsys5;  // GCOVR_EXCL_LINE: distributions build SQLite without it; see readHeap().
  }
  static const sqlite3_mem_methods kMethods{&heapMalloc,  &heapFree, &heapRealloc,  &heapSize,
                                            &heapRoundUp, &heapInit, &heapShutdown, nullptr};
  require(sqlite3_config(SQLITE_CONFIG_MALLOC, &kMethods), "an allocator");
  return ArenaAllocator::Buddy;
}

std::int64_t status(int what, bool peak = false) noexcept {
  sqlite3_int64 now = 0;
  sqlite3_int64 most = 0;
  sqlite3_status64(what, &now, &most, 0);
  return peak ? most : now;
}

void readHeap(ArenaReport& report) noexcept {
  if (report.allocator == ArenaAllocator::Memsys5) {
    // GCOVR_EXCL_START: the arena's tests run on an SQLite with MEMSYS5 where it is compiled with holdfast.
    report.usedBytes = status(SQLITE_STATUS_MEMORY_USED);
    report.peakBytes = status(SQLITE_STATUS_MEMORY_USED, true);
    return;
    // GCOVR_EXCL_STOP
  }
  const port::LockGuard guard(arena.mutex);
  report.heapBytes = static_cast<std::int64_t>(arena.heap.capacityBytes());
  report.usedBytes = static_cast<std::int64_t>(arena.heap.usedBytes());
  report.peakBytes = static_cast<std::int64_t>(arena.heap.peakBytes());
  report.largestFreeBytes = static_cast<std::int64_t>(arena.heap.largestFreeBytes());
  report.refusals = arena.refusals;
}

/// The most that may be in use in a heap of so many bytes.
std::int64_t guaranteed(std::int64_t heapBytes, std::int64_t largest) noexcept {
  std::int64_t low = 0;
  std::int64_t high = heapBytes;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    arenaBytesFor(middle, largest) <= heapBytes ? low = middle : high = middle - 1;
  }
  return low;
}

}  // namespace

std::string_view toText(ArenaAllocator allocator) noexcept {
  switch (allocator) {
    case ArenaAllocator::None: return "none";
    case ArenaAllocator::Memsys5: return "memsys5";
    case ArenaAllocator::Buddy: break;
  }
  return "buddy";
}

std::int64_t arenaBytesFor(std::int64_t maxUsed, std::int64_t largestRequest) noexcept {
  const auto largest = static_cast<std::int64_t>(BuddyAllocator::roundUp(static_cast<std::size_t>(largestRequest)));
  const std::int64_t n = largest / kSmallest;
  const auto log = static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(n)) - 1);
  const std::int64_t blocks = (maxUsed + kSmallest - 1) / kSmallest;
  return std::max<std::int64_t>(blocks + (blocks * log + 1) / 2 - n + 1, n) * kSmallest;
}

ArenaReport configureMemory(const ArenaOptions& options) {
  options.validate();
  if (exists()) {
    throw Error(ErrorCode::Misuse, "SQLite's memory has been configured already: it is set once for the process");
  }
  Settings settings;
  const auto given = static_cast<std::int64_t>(options.storage.size());
  configureSqlite(sortBytes(options.bytes > 0 ? options.bytes : given));
  arena.block = translatingBadAlloc([&] { return settings.obtainBlock(options); });
  dividePages(options);
  const ArenaAllocator allocator = chooseAllocator(options);
  sqlite_memory::installHeapWall();
  if (arena.pages > 0) {
    require(sqlite3_config(SQLITE_CONFIG_PAGECACHE, arena.block.data(), static_cast<int>(arena.placeBytes),
                           static_cast<int>(arena.pages)),
            "a block for pages");
  }
  // One piece of the heap for each handle, so a power of two: by default it is 48,000 bytes.
  constexpr int kLookasideSlot = 512;
  constexpr int kLookasideSlots = 32;
  sqlite3_config(SQLITE_CONFIG_LOOKASIDE, kLookasideSlot, kLookasideSlots);
  // A sort would take its buffer in one piece, as large as a page cache, which a heap of powers of two seldom has.
  sqlite3_config(SQLITE_CONFIG_SMALL_MALLOC, 1);
  require(sqlite3_initialize(), "the block");
  settings.keep();
  arena.allocator.store(allocator);
  return memoryArena();
}

ArenaReport memoryArena() noexcept {
  ArenaReport report;
  if (!exists()) return report;
  report.allocator = arena.allocator.load();
  report.bytes = static_cast<std::int64_t>(arena.block.size());
  report.heapBytes = static_cast<std::int64_t>(arena.heapPart.size());
  report.pageBytes = arena.pageBytes;
  readHeap(report);
  report.largestRequestBytes = status(SQLITE_STATUS_MALLOC_SIZE, true);
  report.guaranteedBytes = guaranteed(report.heapBytes, report.largestRequestBytes);
  report.pages = arena.pages;
  report.pagesUsed = status(SQLITE_STATUS_PAGECACHE_USED);
  report.pagesPeak = status(SQLITE_STATUS_PAGECACHE_USED, true);
  report.pageOverflowBytes = status(SQLITE_STATUS_PAGECACHE_OVERFLOW);
  return report;
}

namespace sqlite_memory {

std::int64_t pageBytesSetAside() noexcept { return exists() ? arena.pageBytes : 0; }

std::int64_t arenaHeapBytes() noexcept { return exists() ? static_cast<std::int64_t>(arena.heapPart.size()) : 0; }

std::int64_t limitWithinArena(std::int64_t wanted) noexcept {
  if (!exists()) return wanted;
  const auto whole = static_cast<std::int64_t>(arena.block.size());
  return wanted == 0 ? whole : std::min(wanted, whole);
}

}  // namespace sqlite_memory
}  // namespace holdfast
