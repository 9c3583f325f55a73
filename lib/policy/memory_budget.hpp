#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <holdfast/memory_stage.hpp>
#include <holdfast/units.hpp>

namespace holdfast {

/// A page cache is never asked to be smaller.
inline constexpr std::int64_t kLeastCacheBytes = 16 * KiB;

/// How SQLite's heap is divided, in bytes.
struct MemoryShares {
  std::int64_t softLimit = 0;  ///< From here page caches reuse pages instead of allocating. 0: none.
  std::int64_t hardLimit = 0;  ///< From here allocations fail. 0: none.
  std::int64_t reserve = 0;    ///< Of the hard limit, for what cannot be carried out again.
  std::int64_t cachePerHandle = 0;
  /// The same while statements run that need much memory: sorts of many rows, joins by an index made for them.
  std::int64_t cacheWhileHeavy = 0;
  std::int64_t statementsPerHandle = 0;
  /// So many of these statements run at a time. 0: as many as like.
  std::size_t heavyStatements = 0;
};

/// Of `limit`: for what cannot be carried out again.
std::int64_t heapReserve(std::int64_t limit) noexcept;
/// What caches of rows may hold of `limit`, all together. It is not set aside: SQLite may use it while they do not.
std::int64_t cachedRowBytes(std::int64_t limit) noexcept;
/// What the posted work of all pools may hold of `limit` (0: none) while it waits.
std::int64_t queuedBytes(std::int64_t limit) noexcept;

/// Divides `limit` bytes (0: unlimited) over `handles`. Of the limit, 0.6 are page caches, 0.15 prepared statements,
/// and the soft limit lies at 0.75: measured, 8 handles then run a mixed load on 252 MB in as little as 256 KiB at full
/// speed, where undivided caches meet the wall. A sixteenth is in reserve. Each heavy statement is reckoned with
/// twice sortBytes().
MemoryShares divideMemory(std::int64_t limit, std::size_t handles) noexcept;

/// What one sort collects before it spills, in bytes: 3/8 of the limit, 64 KiB to 192 KiB (that for no limit, too).
/// Merging takes a page for each spill, so small spills do not make a sort small: SQLite's sort of S bytes takes about
/// P + S / P * 4.4 KiB, least where P is the root of S * 4.4 KiB (230 KiB for 12 MiB).
std::int64_t sortBytes(std::int64_t limit) noexcept;

/// The stage for `used` of `limit` bytes, the reserve not counted. Pressure begins at 90 % and ends below 85 %, critical
/// begins at 97 % and ends below 90 %: the gap keeps it from fluttering.
MemoryStage memoryStageOf(std::int64_t used, std::int64_t limit, MemoryStage before) noexcept;

/// One open handle that wants page cache.
struct CacheWish {
  bool isWriter = false;
  std::uint64_t uses = 0;    ///< Leases lately.
  std::int64_t applied = 0;  ///< Its cache as it is now, in bytes.
};

/// Shares `total` bytes out by need: each handle gets the least that works; of what is left the write handle has a
/// double part as soon as it was used, and readers have parts by the root of their uses, so that one busy reader does
/// not starve the next. `result[i]` is what handle i should have now. A handle grows only into what the others have
/// really given up: the larger of `applied` and `result`, summed, stays within the larger of `total` and what it was.
void shareCaches(std::span<const CacheWish> wishes, std::int64_t total, std::span<std::int64_t> result) noexcept;

}  // namespace holdfast
