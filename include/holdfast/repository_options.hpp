#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <holdfast/cache_manager.hpp>
#include <holdfast/clock.hpp>
#include <holdfast/metrics.hpp>
#include <holdfast/units.hpp>

namespace holdfast {

/// How a repository works.
struct RepositoryOptions {
  /// Keeps what findById(), findMany(), findOne() and count() find, until one of the tables that it was read from
  /// changes, by whomever: what is committed, no read misses. Not for virtual tables that read other tables (FTS5 with
  /// external content): SQLite does not name those.
  bool cacheEnabled = false;
  std::chrono::milliseconds cacheTtl{std::chrono::minutes{5}};  ///< Zero: entries do not age.
  std::size_t cacheMaxEntries = 1000;
  std::int64_t cacheMaxBytes = 256 * KiB;
  /// The longest that one call may take in all; nothing: waiting ends at acquireTimeout, running does not end.
  std::optional<std::chrono::milliseconds> queryTimeout = {};
  /// Times that a write is repeated on contention; nothing: the database's retry.maxRetries.
  std::optional<int> maxRetries = {};
  /// For cacheTtl; nothing: the system's.
  std::shared_ptr<const Clock> clock = nullptr;
};

/// What a repository has done. Read without stopping anybody.
struct RepositoryMetrics {
  std::uint64_t queryCount = 0;  ///< Calls, failed ones included.
  std::uint64_t errorCount = 0;
  double errorRate = 0;     ///< errorCount / queryCount.
  double cacheHitRate = 0;  ///< Of the calls that asked the cache.
  CacheMetrics cache;
  std::chrono::nanoseconds averageQueryTime{0};
  // Of the calls that the cache did not answer.
  LatencySummary find;    ///< findById(), findOne(), exists(): one call in about 60, with that weight.
  LatencySummary list;    ///< findMany(), stream(), count(), aggregate().
  LatencySummary create;  ///< create(), createMany(), upsert().
  LatencySummary update;
  LatencySummary remove;
};

}  // namespace holdfast
