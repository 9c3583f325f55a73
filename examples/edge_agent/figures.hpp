#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/clock.hpp>
#include <holdfast/metrics.hpp>

// What the agent can say about itself. Plain values, for the progress line, the summary and the metrics file.

namespace edge_agent {

struct SourceFigures {
  std::string_view name;
  std::chrono::milliseconds interval{};
  std::uint64_t batches = 0;      ///< Committed in this run.
  std::uint64_t readings = 0;     ///< In them.
  std::uint64_t lostBatches = 0;  ///< Could not be committed.
  std::uint64_t missedLooks = 0;  ///< Left out, because the look before took too long.
  std::uint64_t alarmsOpen = 0;
  std::int64_t keptReadings = 0;  ///< In the database, of all runs. Only known at the end.
};

struct QueryFigures {
  std::string_view name;
  holdfast::LatencySummary latency;
  std::uint64_t rows = 0;
};

struct RetentionFigures {
  std::uint64_t transactions = 0;
  std::uint64_t batches = 0;
  std::uint64_t readings = 0;
  holdfast::LatencySummary latency;  ///< Of its transactions: what a sampler may have to wait.
};

struct AlarmFigures {
  std::int64_t raised = 0;  ///< In this run.
  std::int64_t open = 0;
};

struct Figures {
  std::string database;
  std::int64_t run = 0;
  holdfast::Timestamp startedAt{};
  std::chrono::steady_clock::duration elapsed{};
  std::vector<SourceFigures> sources;
  std::vector<QueryFigures> queries;
  holdfast::LatencySummary queryLatency;
  RetentionFigures retention;
  AlarmFigures alarms;
  std::uint64_t faults = 0;
  holdfast::PoolMetrics pool;
  std::int64_t databaseBytes = 0;
  std::int64_t logBytes = 0;
  std::int64_t residentBytes = 0;
  bool clean = false;  ///< The run has ended as it should.

  std::uint64_t readings() const noexcept {
    std::uint64_t sum = 0;
    for (const SourceFigures& source : sources) sum += source.readings;
    return sum;
  }
};

}  // namespace edge_agent
