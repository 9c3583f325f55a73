#include "memory_stress/injected_failure.hpp"

#include <sqlite3.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include "support/random.hpp"

namespace bench {

namespace {

struct Draw {
  std::uint64_t every = 0;  // 0: no window.
  Random random{0};
  bool hit = false;
};
// Trivial to make and to end, so that threads may allocate before and after everything else of theirs.
thread_local constinit Draw draw{};

std::atomic<bool> counting{false};
std::atomic<std::int64_t> live{0};
std::atomic<std::uint64_t> drawn{0};
std::atomic<std::uint64_t> sqliteFailures{0};
std::atomic<std::uint64_t> cppFailures{0};

bool fails(std::atomic<std::uint64_t>& failures) noexcept {
  if (draw.every == 0) return false;
  drawn.fetch_add(1, std::memory_order_relaxed);
  if (draw.random.below(static_cast<std::int64_t>(draw.every)) != 0) return false;
  failures.fetch_add(1, std::memory_order_relaxed);
  draw.hit = true;
  return true;
}

void count(int blocks) noexcept {
  if (counting.load(std::memory_order_relaxed)) live.fetch_add(blocks, std::memory_order_relaxed);
}

sqlite3_mem_methods real{};

void* allocate(int bytes) { return fails(sqliteFailures) ? nullptr : real.xMalloc(bytes); }

/// A block is never refused to become smaller: SQLite takes that for granted.
void* resize(void* block, int bytes) {
  if (bytes > real.xSize(block) && fails(sqliteFailures)) return nullptr;
  return real.xRealloc(block, bytes);
}

void* allocateForCpp(std::size_t size) noexcept {
  if (fails(cppFailures)) return nullptr;
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block != nullptr) count(1);
  return block;
}

void releaseOfCpp(void* block) noexcept {
  if (block != nullptr) count(-1);
  std::free(block);
}

}  // namespace

void InjectedFailures::install() {
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK) throw std::runtime_error("SQLite is in use already");
  sqlite3_mem_methods ours = real;
  ours.xMalloc = allocate;
  ours.xRealloc = resize;
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) != SQLITE_OK) throw std::runtime_error("SQLite is in use already");
  counting.store(true, std::memory_order_relaxed);
}

std::uint64_t InjectedFailures::ofSqlite() noexcept { return sqliteFailures.load(std::memory_order_relaxed); }
std::uint64_t InjectedFailures::ofCpp() noexcept { return cppFailures.load(std::memory_order_relaxed); }
std::uint64_t InjectedFailures::allocations() noexcept { return drawn.load(std::memory_order_relaxed); }
std::int64_t InjectedFailures::liveBlocks() noexcept { return live.load(std::memory_order_relaxed); }

FailureWindow::FailureWindow(std::uint64_t seed, std::uint64_t every) noexcept {
  draw.random = Random(seed);
  draw.hit = false;
  draw.every = every;
}

FailureWindow::~FailureWindow() { draw.every = 0; }

bool FailureWindow::hit() const noexcept { return draw.hit; }

}  // namespace bench

// The other forms of new and delete call these; the one that does not throw is named because a library's own, or a
// sanitizer's, would take its place.
void* operator new(std::size_t size) {
  if (void* block = bench::allocateForCpp(size)) return block;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t& /*nothrow*/) noexcept { return bench::allocateForCpp(size); }
void operator delete(void* block) noexcept { bench::releaseOfCpp(block); }
void operator delete(void* block, std::size_t /*size*/) noexcept { bench::releaseOfCpp(block); }
