#include "connection/heap_wall.hpp"

#include <atomic>

#include <sqlite3.h>

namespace holdfast::sqlite_memory {
namespace {

struct Wall {
  sqlite3_mem_methods inner{};
  std::atomic<std::int64_t> taken{0};
  std::atomic<std::int64_t> limit{0};
  std::atomic<std::int64_t> reserve{0};
  std::atomic<std::int64_t (*)() noexcept> beside{nullptr};
};

constinit Wall wall;

/// Taken first and looked at then: of two that do so together one at least sees both.
bool take(std::int64_t bytes) noexcept {
  const std::int64_t taken = wall.taken.fetch_add(bytes) + bytes;
  const std::int64_t limit = wall.limit.load(std::memory_order_relaxed);
  if (limit == 0 || bytes <= 0) return true;
  const std::int64_t free = limit - taken;
  // Far from the wall nothing else is asked.
  if (free > limit / 2) return true;
  const std::int64_t kept = HeapReserve::isOpen() ? 0 : wall.reserve.load(std::memory_order_relaxed);
  if (free - kept - heapBytesBeside() >= 0) return true;
  wall.taken.fetch_sub(bytes);
  return false;
}

void give(std::int64_t bytes) noexcept { wall.taken.fetch_sub(bytes); }

void* allocate(int bytes) {
  if (!take(bytes)) return nullptr;
  void* block = wall.inner.xMalloc(bytes);
  give(block == nullptr ? bytes : bytes - wall.inner.xSize(block));
  return block;
}

void release(void* block) {
  if (block != nullptr) give(wall.inner.xSize(block));
  wall.inner.xFree(block);
}

void* reallocate(void* block, int bytes) {
  const std::int64_t before = wall.inner.xSize(block);
  if (!take(bytes - before)) return nullptr;
  void* moved = wall.inner.xRealloc(block, bytes);
  give(moved == nullptr ? bytes - before : bytes - wall.inner.xSize(moved));
  return moved;
}

}  // namespace

void installHeapWall() noexcept {
  sqlite3_mem_methods methods{};
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &methods) != SQLITE_OK || methods.xMalloc == allocate) return;
  wall.inner = methods;
  methods.xMalloc = allocate;
  methods.xFree = release;
  methods.xRealloc = reallocate;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

void setHeapWall(const HeapWall& wanted) noexcept {
  wall.beside.store(wanted.beside, std::memory_order_relaxed);
  wall.reserve.store(wanted.reserve, std::memory_order_relaxed);
  wall.limit.store(wanted.limit, std::memory_order_relaxed);
}

std::int64_t heapBytesBeside() noexcept {
  const auto beside = wall.beside.load(std::memory_order_relaxed);
  return beside != nullptr ? beside() : 0;
}

std::int64_t heapBytesTaken() noexcept { return wall.taken.load(std::memory_order_relaxed); }

}  // namespace holdfast::sqlite_memory
