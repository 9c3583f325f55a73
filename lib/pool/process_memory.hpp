#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>

#include "connection/sqlite_library.hpp"
#include "core/port/mutex.hpp"
#include "policy/memory_budget.hpp"

namespace holdfast {

/// SQLite's heap belongs to the process: the pools that are open share one limit, the smallest that any of them names,
/// and divide it over the handles of all.
class ProcessMemory {
 public:
  static ProcessMemory& instance();

  /// Counts a pool in, with its limit in bytes (0: none) and its slots, and applies the limits anew.
  void join(const void* pool, std::int64_t limit, std::size_t handles);
  void leave(const void* pool);

  /// SQLite's heap, what caches hold of its content, and what is queued for it.
  static std::int64_t usedBytes() noexcept;
  MemoryShares shares() const;
  /// Has every handle look at its share again before it is leased next.
  static void changeShares() noexcept { generation_.fetch_add(1, std::memory_order_relaxed); }
  /// By housekeeping: after a time without heavy statements caches have their larger shares again.
  static void calmDown() noexcept;
  std::int64_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
  /// The limit without its reserve: what stages go by.
  std::int64_t usableBytes() const noexcept {
    const std::int64_t bytes = limit();
    return bytes - heapReserve(bytes);
  }
  /// Changes whenever the shares do.
  static std::uint32_t generation() noexcept { return generation_.load(std::memory_order_relaxed); }

 private:
  struct Member {
    std::int64_t limit = 0;
    std::size_t handles = 0;
  };
  void divide() HOLDFAST_REQUIRES(mutex_);
  static std::int64_t besideHeap() noexcept;
  /// What all caches of rows may hold at the moment.
  static std::int64_t mostForCaches() noexcept;

  mutable port::Mutex mutex_;
  std::map<const void*, Member> members_ HOLDFAST_GUARDED_BY(mutex_);
  MemoryShares shares_ HOLDFAST_GUARDED_BY(mutex_);
  sqlite_memory::Limits before_ HOLDFAST_GUARDED_BY(mutex_);
  std::atomic<std::int64_t> limit_{0};
  inline static std::atomic<std::uint32_t> generation_{0};
};

}  // namespace holdfast
