#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <holdfast/metrics.hpp>

namespace holdfast {

/// How a repository works.
struct RepositoryOptions {
  /// The longest that one call may take in all; nothing: waiting ends at acquireTimeout, running does not end.
  std::optional<std::chrono::milliseconds> queryTimeout = {};
  /// Times that a write is repeated on contention; nothing: the database's retry.maxRetries.
  std::optional<int> maxRetries = {};
};

/// What a repository has done. Read without stopping anybody.
struct RepositoryMetrics {
  std::uint64_t queryCount = 0;  ///< Calls, failed ones included.
  std::uint64_t errorCount = 0;
  double errorRate = 0;  ///< errorCount / queryCount.
  std::chrono::nanoseconds averageQueryTime{0};
  LatencySummary find;    ///< findById(), findOne(), exists(): one call in about 60, with that weight.
  LatencySummary list;    ///< findMany(), stream(), count(), aggregate().
  LatencySummary create;  ///< create(), createMany(), upsert().
  LatencySummary update;
  LatencySummary remove;
};

}  // namespace holdfast
