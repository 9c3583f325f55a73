#pragma once

#include <cstdint>

#include "core/port/thread_local.hpp"

namespace holdfast::sqlite_memory {

/// A wall around SQLite's allocator, stricter than its own hard heap limit in three ways:
///
/// - It holds for reallocations of several threads, too. SQLite 3.40 notes what is in use, lets its lock go to ask
///   caches for memory, and compares what it noted with the limit (malloc.c, sqlite3Realloc). Seen: 584,480 bytes at a
///   limit of 524,288.
/// - What others hold of the same budget counts.
/// - The last part of the limit is kept for what cannot be carried out again; see HeapReserve.
///
/// SQLite takes an allocator only before it is first used: without effect after. What is installed already stays. Not
/// by two threads at once. The hard limit of SQLite stays set beside it.
void installHeapWall() noexcept;

struct HeapWall {
  std::int64_t limit = 0;                       ///< In bytes, for the whole process. 0: none.
  std::int64_t reserve = 0;                     ///< Of these, for who has a HeapReserve.
  std::int64_t (*beside)() noexcept = nullptr;  ///< What others hold of the limit.
};
void setHeapWall(const HeapWall& wall) noexcept;
/// What others hold of the limit now.
std::int64_t heapBytesBeside() noexcept;
/// As the wall counts it: what is in use, and what is just being taken. 0 where it could not be installed.
std::int64_t heapBytesTaken() noexcept;

/// While it lives its thread may use the last part of the limit, too: a statement whose rows the caller has seen, the
/// end of a transaction, one that has the pool to itself.
class HeapReserve {
 public:
  HeapReserve() noexcept { ++depth_; }
  HeapReserve(const HeapReserve&) = delete;
  HeapReserve& operator=(const HeapReserve&) = delete;
  ~HeapReserve() { --depth_; }
  static bool isOpen() noexcept { return depth_ > 0; }

 private:
  inline static constinit HOLDFAST_THREAD_LOCAL int depth_ = 0;
};

}  // namespace holdfast::sqlite_memory
