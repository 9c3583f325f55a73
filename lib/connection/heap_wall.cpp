#include "connection/heap_wall.hpp"

#include <atomic>

#include <sqlite3.h>

namespace holdfast::sqlite_memory {
namespace {

/// SQLite calls it under its lock, as it keeps statistics: the count is exact.
struct Wall {
  sqlite3_mem_methods inner{};
  std::atomic<std::int64_t> used{0};
  std::atomic<std::int64_t> limit{0};
};

constinit Wall wall;

void add(std::int64_t bytes) noexcept { wall.used.fetch_add(bytes, std::memory_order_relaxed); }

void* allocate(int bytes) {
  void* block = wall.inner.xMalloc(bytes);
  if (block != nullptr) add(wall.inner.xSize(block));
  return block;
}

void release(void* block) {
  if (block != nullptr) add(-wall.inner.xSize(block));
  wall.inner.xFree(block);
}

void* reallocate(void* block, int bytes) {
  const std::int64_t before = wall.inner.xSize(block);
  const std::int64_t more = bytes - before;
  const std::int64_t limit = wall.limit.load(std::memory_order_relaxed);
  if (limit > 0 && more > 0 && wall.used.load(std::memory_order_relaxed) + more > limit) return nullptr;
  void* moved = wall.inner.xRealloc(block, bytes);
  if (moved != nullptr) add(wall.inner.xSize(moved) - before);
  return moved;
}

}  // namespace

void installHeapWall() noexcept {
  static std::atomic_flag asked;
  if (asked.test_and_set() || sqlite3_config(SQLITE_CONFIG_GETMALLOC, &wall.inner) != SQLITE_OK) return;
  sqlite3_mem_methods methods = wall.inner;
  methods.xMalloc = allocate;
  methods.xFree = release;
  methods.xRealloc = reallocate;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

void setHeapWall(std::int64_t bytes) noexcept { wall.limit.store(bytes, std::memory_order_relaxed); }

}  // namespace holdfast::sqlite_memory
