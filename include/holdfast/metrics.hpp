#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <holdfast/json_fwd.hpp>

#include <holdfast/memory_stage.hpp>
#include <holdfast/storage_state.hpp>

namespace holdfast {

/// Percentiles of a latency, from a histogram with 12.5 % wide buckets: each figure is its bucket's upper
/// edge, and at most the exact maximum.
struct LatencySummary {
  std::uint64_t count = 0;
  std::chrono::nanoseconds mean{0};
  std::chrono::nanoseconds p50{0};
  std::chrono::nanoseconds p90{0};
  std::chrono::nanoseconds p99{0};
  std::chrono::nanoseconds p999{0};
  std::chrono::nanoseconds max{0};
};

/// What a pool has done since open(), and what it is doing now. Read without stopping anybody: counters that
/// change together may be one apart.
struct PoolMetrics {
  // Now.
  std::size_t poolSize = 0;           ///< Slots.
  std::size_t totalConnections = 0;   ///< Handles open.
  std::size_t activeConnections = 0;  ///< Of these, leased.
  std::size_t idleConnections = 0;    ///< Of these, not leased.
  std::size_t pendingRequests = 0;    ///< Threads waiting for a handle.
  double poolUtilization = 0;         ///< activeConnections / poolSize, in percent.

  // Since open().
  std::uint64_t totalQueries = 0;  ///< Statements carried out, failed ones included.
  std::chrono::nanoseconds averageQueryTime{0};
  std::uint64_t queryErrors = 0;       ///< Statements that failed.
  std::uint64_t connectionErrors = 0;  ///< Handles that failed to open, failed verification or broke.
  std::uint64_t acquires = 0;
  std::uint64_t acquireWaits = 0;     ///< Acquires that had to wait.
  std::uint64_t acquireTimeouts = 0;  ///< Acquires that ended in Error{PoolExhausted}.
  std::uint64_t connectionsCreated = 0;
  std::uint64_t connectionsDestroyed = 0;
  std::uint64_t connectionsRenewed = 0;
  std::uint64_t connectionsRecovered = 0;
  std::uint64_t connectionsIdledOut = 0;
  std::uint64_t verifications = 0;
  std::uint64_t leaksReported = 0;
  std::uint64_t leasesForced = 0;
  std::uint64_t statesRestored = 0;  ///< Leases that came back with state to undo.
  std::uint64_t transactionsCommitted = 0;
  std::uint64_t transactionsRolledBack = 0;
  std::uint64_t transactionRetries = 0;
  std::uint64_t statementCacheHits = 0;
  std::uint64_t statementCacheMisses = 0;
  std::uint64_t statementCacheEvictions = 0;
  std::uint64_t checkpoints = 0;          ///< Times the log was copied into the database, as far as readers allowed.
  std::uint64_t checkpointsBlocked = 0;   ///< Of these, the ones that a reader stood in the way of.
  std::uint64_t logsTruncated = 0;        ///< Of the checkpoints, the ones that cut the log to nothing.
  std::uint64_t walPages = 0;             ///< Pages in the write-ahead log after the last commit.
  std::uint64_t walBytes = 0;             ///< What they take.
  std::uint64_t groupCommits = 0;         ///< COMMITs that several transactions shared.
  std::uint64_t groupedTransactions = 0;  ///< Transactions in them, posted ones included.
  std::uint64_t largestGroup = 0;
  static constexpr std::size_t kGroupSizes = 9;
  /// COMMITs of transactions by how many shared them: 1, 2, up to 4, 8, 16, 32, 64, 128, and more.
  std::array<std::uint64_t, kGroupSizes> groupSizes{};
  std::uint64_t syncsSaved = 0;      ///< Syncs that these transactions would have needed on their own.
  std::uint64_t postedWork = 0;      ///< Pieces of work posted.
  std::uint64_t pendingPosts = 0;    ///< Now: of these, not yet written.
  std::uint64_t pendingAsync = 0;    ///< Now: asynchronous calls that wait for a thread.
  std::uint64_t readAnchors = 0;     ///< Times the idle write handle took the newest snapshot to speed reads up.
  std::uint64_t backups = 0;         ///< Backups made, ...
  std::uint64_t backupFailures = 0;  ///< ... and attempts that failed.
  std::uint64_t checks = 0;          ///< Times the whole database was checked, ...
  std::uint64_t damageFound = 0;     ///< ... and of these, the ones that found damage or could not read it.
  std::uint64_t migrations = 0;      ///< Migrations applied.
  std::uint64_t scrubbedPages = 0;   ///< Pages of the file that housekeeping has read (scrubRate), ...
  std::uint64_t scrubRounds = 0;     ///< ... times it has come to the end, ...
  std::uint64_t scrubFindings = 0;   ///< ... and pages it found damaged or unreadable; in damageFound, too.
  std::uint64_t payloadBytes = 0;    ///< Bound to statements that write.
  std::uint64_t bytesLogged = 0;     ///< Written to the log for them, checkpoints not counted.
  double writeAmplification = 0;     ///< bytesLogged / payloadBytes; 0 where nothing was bound.

  // Memory of SQLite in the whole process, in bytes.
  std::int64_t memoryUsedBytes = 0;
  std::int64_t memoryPeakBytes = 0;
  std::int64_t memoryLimitBytes = 0;  ///< 0: unlimited.
  MemoryStage memoryStage = MemoryStage::Normal;
  std::uint64_t memoryRefusals = 0;  ///< Operations refused with Error{MemoryLimit}.
  std::uint64_t memoryReliefs = 0;   ///< Times caches or handles were released under pressure.
  /// Operations that found no memory beside others and were carried out again with the pool to themselves.
  std::uint64_t memoryRunsAlone = 0;

  StorageState storageState = StorageState::Ok;
  std::uint64_t storageRefusals = 0;  ///< Writes refused by storageReserve or storageQuota.

  // Latencies. Waits are measured each time; calls that go straight through, one in about 60 with that weight.
  LatencySummary acquireLatency;
  LatencySummary queryLatency;
  LatencySummary transactionLatency;
  LatencySummary recoveryLatency;          ///< From finding a handle broken to its replacement.
  std::chrono::nanoseconds backupTook{0};  ///< The last backup made, from the first page to the name.
  static constexpr std::size_t kRecoveryCauses = 5;
  /// What it took open(), or the pool later, to look at the database and to repair it, by RecoveryCause (recovery.hpp); the
  /// last time each. 0 for what was not the case.
  std::array<std::chrono::nanoseconds, kRecoveryCauses> recoveryTook{};
  // Of transactions, phase by phase.
  LatencySummary queueLatency;      ///< Waits for the write handle; calls that did not wait are not in it.
  LatencySummary lockLatency;       ///< Waits for other processes and for room in the log; one in about 60.
  LatencySummary executionLatency;  ///< Callbacks; one in about 60.
  LatencySummary commitLatency;     ///< COMMITs of transactions with their sync; a shared one counts once.
};

Json toJson(const LatencySummary& summary);
Json toJson(const PoolMetrics& metrics);

}  // namespace holdfast
