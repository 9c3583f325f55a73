#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <holdfast/metrics.hpp>

#include "metrics/counter.hpp"
#include "metrics/histogram.hpp"

namespace holdfast {

/// What a pool counts and measures itself, besides what its handles count.
struct PoolCounters {
  Counter connectionErrors, created, destroyed, renewed, recovered, idledOut, verifications, leaks, forced, restored;
  Counter retries, checkpoints, checkpointsBlocked, logsTruncated, refusals, reliefs, alone;
  Counter groups, grouped, syncsSaved, posted, anchors;
  Counter backups, backupFailures, checks, damageFound, migrations;
  // Of handles that are closed by now.
  Counter pastQueries, pastFailures, pastHits, pastMisses, pastEvictions, pastCommitted, pastRolledBack;
  Counter pastPayload, pastLoggedBytes;
  std::atomic<std::uint64_t> largestGroup{0};
  std::array<Counter, PoolMetrics::kGroupSizes> groupSizes;

  LatencyHistogram acquireLatency, queryLatency, transactionLatency, recoveryLatency;
  LatencyHistogram queueLatency;      // Waits for the write handle.
  LatencyHistogram lockLatency;       // BEGIN IMMEDIATE: waits for other processes.
  LatencyHistogram executionLatency;  // Callbacks.
  LatencyHistogram commitLatency;     // COMMITs, shared ones once.

  // Nanoseconds; each happens so rarely that the last one says enough.
  std::array<std::atomic<std::int64_t>, PoolMetrics::kRecoveryCauses> recoveryTook{};
  std::atomic<std::int64_t> backupTook{0};

  /// A COMMIT of so many transactions.
  void noteGroup(std::size_t transactions, bool synced) noexcept;
  void reset() noexcept;
  void addTo(PoolMetrics& metrics) const noexcept;
};

}  // namespace holdfast
