#pragma once

#include <cstdint>

namespace holdfast::sqlite_memory {

/// Makes SQLite's hard heap limit hold for reallocations of several threads, too. SQLite 3.40 notes what is in use,
/// lets its lock go to ask caches for memory, and compares what it noted with the limit (malloc.c, sqlite3Realloc):
/// threads that do so together pass the limit together. Seen: 584,480 bytes at a limit of 524,288.
///
/// Puts itself around SQLite's allocator, which SQLite takes only before it is first used: without effect after, and
/// when it is called again.
void installHeapWall() noexcept;

/// In bytes, for the whole process. 0: none.
void setHeapWall(std::int64_t bytes) noexcept;

}  // namespace holdfast::sqlite_memory
