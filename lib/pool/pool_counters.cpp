#include "pool/pool_counters.hpp"

#include <algorithm>
#include <bit>

namespace holdfast {
namespace {

// Where each counter is shown.
struct Shown {
  Counter PoolCounters::*counter;
  std::uint64_t PoolMetrics::*figure;
};
constexpr Shown kShown[] = {
    {&PoolCounters::connectionErrors, &PoolMetrics::connectionErrors},
    {&PoolCounters::created, &PoolMetrics::connectionsCreated},
    {&PoolCounters::destroyed, &PoolMetrics::connectionsDestroyed},
    {&PoolCounters::renewed, &PoolMetrics::connectionsRenewed},
    {&PoolCounters::recovered, &PoolMetrics::connectionsRecovered},
    {&PoolCounters::idledOut, &PoolMetrics::connectionsIdledOut},
    {&PoolCounters::verifications, &PoolMetrics::verifications},
    {&PoolCounters::leaks, &PoolMetrics::leaksReported},
    {&PoolCounters::forced, &PoolMetrics::leasesForced},
    {&PoolCounters::restored, &PoolMetrics::statesRestored},
    {&PoolCounters::retries, &PoolMetrics::transactionRetries},
    {&PoolCounters::checkpoints, &PoolMetrics::checkpoints},
    {&PoolCounters::checkpointsBlocked, &PoolMetrics::checkpointsBlocked},
    {&PoolCounters::logsTruncated, &PoolMetrics::logsTruncated},
    {&PoolCounters::refusals, &PoolMetrics::memoryRefusals},
    {&PoolCounters::reliefs, &PoolMetrics::memoryReliefs},
    {&PoolCounters::alone, &PoolMetrics::memoryRunsAlone},
    {&PoolCounters::groups, &PoolMetrics::groupCommits},
    {&PoolCounters::grouped, &PoolMetrics::groupedTransactions},
    {&PoolCounters::syncsSaved, &PoolMetrics::syncsSaved},
    {&PoolCounters::posted, &PoolMetrics::postedWork},
    {&PoolCounters::anchors, &PoolMetrics::readAnchors},
    {&PoolCounters::backups, &PoolMetrics::backups},
    {&PoolCounters::backupFailures, &PoolMetrics::backupFailures},
    {&PoolCounters::checks, &PoolMetrics::checks},
    {&PoolCounters::damageFound, &PoolMetrics::damageFound},
    {&PoolCounters::migrations, &PoolMetrics::migrations},
    {&PoolCounters::pastQueries, &PoolMetrics::totalQueries},
    {&PoolCounters::pastFailures, &PoolMetrics::queryErrors},
    {&PoolCounters::pastHits, &PoolMetrics::statementCacheHits},
    {&PoolCounters::pastMisses, &PoolMetrics::statementCacheMisses},
    {&PoolCounters::pastEvictions, &PoolMetrics::statementCacheEvictions},
    {&PoolCounters::pastCommitted, &PoolMetrics::transactionsCommitted},
    {&PoolCounters::pastRolledBack, &PoolMetrics::transactionsRolledBack},
    {&PoolCounters::pastPayload, &PoolMetrics::payloadBytes},
    {&PoolCounters::pastLoggedBytes, &PoolMetrics::bytesLogged},
};

struct ShownLatency {
  LatencyHistogram PoolCounters::*histogram;
  LatencySummary PoolMetrics::*figure;
};
constexpr ShownLatency kShownLatencies[] = {
    {&PoolCounters::acquireLatency, &PoolMetrics::acquireLatency},
    {&PoolCounters::queryLatency, &PoolMetrics::queryLatency},
    {&PoolCounters::transactionLatency, &PoolMetrics::transactionLatency},
    {&PoolCounters::recoveryLatency, &PoolMetrics::recoveryLatency},
    {&PoolCounters::queueLatency, &PoolMetrics::queueLatency},
    {&PoolCounters::lockLatency, &PoolMetrics::lockLatency},
    {&PoolCounters::executionLatency, &PoolMetrics::executionLatency},
    {&PoolCounters::commitLatency, &PoolMetrics::commitLatency},
};

}  // namespace

void PoolCounters::noteGroup(std::size_t transactions, bool synced) noexcept {
  const auto bucket = static_cast<std::size_t>(std::bit_width(std::max<std::size_t>(transactions, 1) - 1));
  groupSizes[std::min(bucket, groupSizes.size() - 1)].add();
  if (transactions > largestGroup.load(std::memory_order_relaxed)) {
    largestGroup.store(transactions, std::memory_order_relaxed);
  }
  if (transactions < 2) return;
  groups.add();
  grouped.add(transactions);
  if (synced) syncsSaved.add(transactions - 1);
}

void PoolCounters::reset() noexcept {
  for (const Shown& shown : kShown) (this->*shown.counter).reset();
  for (const ShownLatency& shown : kShownLatencies) (this->*shown.histogram).reset();
  for (Counter& size : groupSizes) size.reset();
  for (auto& took : recoveryTook) took = 0;
  backupTook = 0;
  largestGroup.store(0, std::memory_order_relaxed);
}

void PoolCounters::addTo(PoolMetrics& metrics) const noexcept {
  for (const Shown& shown : kShown) metrics.*shown.figure += (this->*shown.counter).value();
  for (const ShownLatency& shown : kShownLatencies) metrics.*shown.figure = (this->*shown.histogram).summary();
  for (std::size_t i = 0; i < groupSizes.size(); ++i) metrics.groupSizes[i] = groupSizes[i].value();
  for (std::size_t i = 0; i < recoveryTook.size(); ++i)
    metrics.recoveryTook[i] = std::chrono::nanoseconds(recoveryTook[i]);
  metrics.backupTook = std::chrono::nanoseconds(backupTook);
  metrics.largestGroup = largestGroup.load(std::memory_order_relaxed);
}

}  // namespace holdfast
