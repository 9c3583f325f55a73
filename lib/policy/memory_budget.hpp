#pragma once

#include <cstddef>
#include <cstdint>

#include <holdfast/memory_stage.hpp>

namespace holdfast {

/// How SQLite's heap is divided, in bytes.
struct MemoryShares {
  std::int64_t softLimit = 0;  ///< From here page caches reuse pages instead of allocating. 0: none.
  std::int64_t hardLimit = 0;  ///< From here allocations fail. 0: none.
  std::int64_t cachePerHandle = 0;
  std::int64_t statementsPerHandle = 0;
};

/// Divides `limit` bytes (0: unlimited) over `handles`. Of the limit, 0.6 are page caches, 0.15 prepared statements,
/// and the soft limit lies at 0.75: measured, 8 handles then run a mixed load on 252 MB in as little as 256 KiB at full
/// speed, where undivided caches meet the wall.
MemoryShares divideMemory(std::int64_t limit, std::size_t handles) noexcept;

/// The stage for `used` of `limit` bytes. Pressure begins at 90 % and ends below 85 %, critical begins at 97 %
/// and ends below 90 %: the gap keeps it from fluttering.
MemoryStage memoryStageOf(std::int64_t used, std::int64_t limit, MemoryStage before) noexcept;

}  // namespace holdfast
