#pragma once

#include <cstdint>

namespace holdfast::sqlite_memory {

/// What the arena has set aside for pages: nobody else can have it, so it counts as used, filled or not. SQLite does not
/// count it as heap. 0: no arena.
std::int64_t pageBytesSetAside() noexcept;

/// The heap of the arena; 0: there is no arena.
std::int64_t arenaHeapBytes() noexcept;

/// The limit of a pool that wants `wanted` (0: none): at most what the arena has. Without an arena it is as wanted.
std::int64_t limitWithinArena(std::int64_t wanted) noexcept;

}  // namespace holdfast::sqlite_memory
