#include "pool/process_memory.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <new>

#include <holdfast/cache_manager.hpp>

#include "connection/heap_wall.hpp"
#include "connection/heavy_statements.hpp"
#include "connection/sqlite_library.hpp"
#include "pool/async_parts.hpp"

namespace holdfast {

ProcessMemory& ProcessMemory::instance() {
  // Never destroyed, static pools may close after it would be; and not on the heap, it is asked for when that is used
  // up.
  alignas(ProcessMemory) static std::array<std::byte, sizeof(ProcessMemory)> storage;
  static ProcessMemory& memory = *new (storage.data()) ProcessMemory;
  return memory;
}

void ProcessMemory::join(const void* pool, std::int64_t limit, std::size_t handles) {
  const port::LockGuard guard(mutex_);
  members_[pool] = {limit, handles};
  divide();
}

void ProcessMemory::leave(const void* pool) {
  const port::LockGuard guard(mutex_);
  members_.erase(pool);
  divide();
}

std::int64_t ProcessMemory::usedBytes() noexcept { return sqlite_memory::usedBytes() + besideHeap(); }

std::int64_t ProcessMemory::besideHeap() noexcept { return CacheManager::sourcedBytes() + PostQueue::totalBytes(); }

MemoryShares ProcessMemory::shares() const {
  const port::LockGuard guard(mutex_);
  return shares_;
}

void ProcessMemory::calmDown() noexcept {
  if (HeavyStatements::instance().calmDown()) changeShares();
}

std::int64_t ProcessMemory::mostForCaches() noexcept {
  const std::int64_t limit = instance().limit();
  if (limit == 0) return std::numeric_limits<std::int64_t>::max();
  // Where the wall could not be installed it counts nothing.
  const std::int64_t taken = std::max(sqlite_memory::heapBytesTaken(), sqlite_memory::usedBytes());
  return std::min(cachedRowBytes(limit), limit - heapReserve(limit) - taken - PostQueue::totalBytes());
}

void ProcessMemory::divide() {
  std::int64_t limit = 0;
  std::size_t handles = 0;
  for (const auto& [pool, member] : members_) {
    if (member.limit > 0) limit = limit == 0 ? member.limit : std::min(limit, member.limit);
    handles += member.handles;
  }
  shares_ = divideMemory(limit, handles);
  const bool limitedBefore = limit_.load(std::memory_order_relaxed) != 0;
  if (limit != 0) {
    if (!limitedBefore) before_ = sqlite_memory::limits();
    sqlite_memory::setLimits({.softBytes = shares_.softLimit,
                              .hardBytes = shares_.hardLimit,
                              .reserveBytes = shares_.reserve,
                              .beside = &besideHeap});
  } else if (limitedBefore) {
    sqlite_memory::setLimits(before_);  // Back to what the application had set by itself, and may set otherwise.
    sqlite_memory::setHeapWall({});
  }
  CacheManager::boundTotal(limit != 0 ? &mostForCaches : nullptr);
  PostQueue::boundTotal(queuedBytes(limit));
  HeavyStatements::instance().setWidth(shares_.heavyStatements, &changeShares);
  limit_.store(limit, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace holdfast
