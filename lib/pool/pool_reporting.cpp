// What can be seen of the pool: metrics, events, log lines.

#include <array>
#include <cstdio>

#include "connection/sqlite_library.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

// "3.1/4.0 MiB", or "3.1 MiB" where there is no limit.
std::string memoryText() {
  const auto mebibytes = [](std::int64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(MiB); };
  const double used = mebibytes(sqlite_memory::usedBytes());
  const std::int64_t limit = ProcessMemory::instance().limit();
  std::array<char, 64> text{};
  if (limit > 0) {
    std::snprintf(text.data(), text.size(), "%.1f/%.1f MiB", used, mebibytes(limit));
  } else {
    std::snprintf(text.data(), text.size(), "%.1f MiB", used);
  }
  return text.data();
}

std::string join(std::initializer_list<std::string_view> pieces) {
  std::string text;
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

}  // namespace

PoolMetrics ConnectionPool::Core::metrics() const {
  requireOwnProcess();
  PoolMetrics result;
  std::vector<std::shared_ptr<Connection>> connections;
  {
    const port::LockGuard guard(mutex);
    result.poolSize = table.size();
    result.totalConnections = table.open().size();
    result.activeConnections = (table.open() & table.inUse()).size();
    result.pendingRequests = writeWaiters.size() + readWaiters.size();
    for (std::size_t slot = 0; slot < table.size(); ++slot) result.acquires += table[slot].acquires.value();
    result.acquireWaits = acquireWaits;
    result.acquireTimeouts = acquireTimeouts;
    if (executor != nullptr) result.pendingAsync = executor->pending();
    for (SlotSet rest = table.open(); !rest.empty(); rest.erase(rest.first())) {
      connections.push_back(table[rest.first()].connection);
    }
  }
  result.idleConnections = result.totalConnections - result.activeConnections;
  if (result.poolSize > 0) {
    result.poolUtilization =
        100.0 * static_cast<double>(result.activeConnections) / static_cast<double>(result.poolSize);
  }
  addCounters(result);
  for (const auto& connection : connections) {
    const Connection::Impl& impl = connection->impl();
    result.totalQueries += impl.queries.value();
    result.queryErrors += impl.failures.value();
    result.transactionsCommitted += impl.committed.value();
    result.transactionsRolledBack += impl.rolledBack.value();
    result.payloadBytes += impl.payloadBytes.value();
    result.bytesLogged += impl.loggedPages.value() * static_cast<std::uint64_t>(impl.frameBytes());
    result.statementCacheHits += impl.statements.hits.value();
    result.statementCacheMisses += impl.statements.misses.value();
    result.statementCacheEvictions += impl.statements.evictions.value();
    result.walPages += static_cast<std::uint64_t>(impl.walPages.load(std::memory_order_relaxed));
  }
  result.averageQueryTime = result.queryLatency.mean;
  if (result.payloadBytes > 0) {
    result.writeAmplification = static_cast<double>(result.bytesLogged) / static_cast<double>(result.payloadBytes);
  }
  return result;
}

void ConnectionPool::Core::addCounters(PoolMetrics& result) const {
  result.totalQueries = counters.pastQueries.value();
  result.queryErrors = counters.pastFailures.value();
  result.statementCacheHits = counters.pastHits.value();
  result.statementCacheMisses = counters.pastMisses.value();
  result.statementCacheEvictions = counters.pastEvictions.value();
  result.connectionErrors = counters.connectionErrors.value();
  result.connectionsCreated = counters.created.value();
  result.connectionsDestroyed = counters.destroyed.value();
  result.connectionsRenewed = counters.renewed.value();
  result.connectionsRecovered = counters.recovered.value();
  result.connectionsIdledOut = counters.idledOut.value();
  result.verifications = counters.verifications.value();
  result.leaksReported = counters.leaks.value();
  result.leasesForced = counters.forced.value();
  result.statesRestored = counters.restored.value();
  result.transactionsCommitted = counters.pastCommitted.value();
  result.transactionsRolledBack = counters.pastRolledBack.value();
  result.transactionRetries = counters.retries.value();
  result.checkpoints = counters.checkpoints.value();
  result.checkpointsBlocked = counters.checkpointsBlocked.value();
  result.groupCommits = counters.groups.value();
  result.groupedTransactions = counters.grouped.value();
  result.largestGroup = counters.largestGroup.load(std::memory_order_relaxed);
  result.syncsSaved = counters.syncsSaved.value();
  result.postedWork = counters.posted.value();
  result.pendingPosts = posts.size();
  result.readAnchors = counters.anchors.value();
  result.payloadBytes = counters.pastPayload.value();
  result.bytesLogged = counters.pastLoggedBytes.value();
  result.memoryRefusals = counters.refusals.value();
  result.memoryReliefs = counters.reliefs.value();
  result.memoryUsedBytes = sqlite_memory::usedBytes();
  result.memoryPeakBytes = sqlite_memory::peakBytes();
  result.memoryLimitBytes = ProcessMemory::instance().limit();
  result.memoryStage = memoryStage.load(std::memory_order_relaxed);
  result.acquireLatency = acquireLatency.summary();
  result.queryLatency = queryLatency.summary();
  result.transactionLatency = transactionLatency.summary();
  result.recoveryLatency = recoveryLatency.summary();
  result.queueLatency = queueLatency.summary();
  result.commitLatency = commitLatency.summary();
}

std::string ConnectionPool::Core::contextText() const {
  if (!inOwnProcess()) return {};  // A thread of the parent may have held the lock.
  std::size_t inUse = 0;
  std::size_t size = 0;
  {
    const port::LockGuard guard(mutex);
    inUse = table.inUse().size();
    size = table.size();
  }
  return "memory " + memoryText() + ", pool " + std::to_string(inUse) + "/" + std::to_string(size) + " in use";
}

void ConnectionPool::Core::publish(EventKind kind, std::uint64_t connectionId, Pieces detail) noexcept {
  try {
    Event event;
    event.kind = kind;
    event.connectionId = connectionId;
    event.detail = join(detail);
    std::shared_ptr<Logger> present;
    {
      const port::LockGuard guard(mutex);
      event.time = clock->now();
      event.totalConnections = table.open().size();
      present = logger;  // A listener may open the pool again with another one.
    }
    events.publish(event, *present);
  } catch (const std::exception&) {
    log(LogLevel::Warning, {"an event was lost for want of memory"});
  }
}

void ConnectionPool::Core::log(LogLevel level, Pieces message) const noexcept {
  std::shared_ptr<Logger> present;
  {
    const port::LockGuard guard(mutex);
    present = logger;
  }
  try {
    present->log(level, "pool", join(message));
  } catch (const std::exception&) {
    present->log(level, "pool", "no memory for the text of a message");
  }
}

void ConnectionPool::Core::resetMetrics() {
  acquireWaits = acquireTimeouts = 0;
  counters.largestGroup = 0;
  for (Counter* counter : {&counters.connectionErrors,
                           &counters.created,
                           &counters.destroyed,
                           &counters.renewed,
                           &counters.recovered,
                           &counters.idledOut,
                           &counters.verifications,
                           &counters.leaks,
                           &counters.forced,
                           &counters.restored,
                           &counters.retries,
                           &counters.checkpoints,
                           &counters.checkpointsBlocked,
                           &counters.refusals,
                           &counters.reliefs,
                           &counters.pastQueries,
                           &counters.pastFailures,
                           &counters.pastHits,
                           &counters.pastMisses,
                           &counters.pastEvictions,
                           &counters.pastCommitted,
                           &counters.pastRolledBack,
                           &counters.groups,
                           &counters.grouped,
                           &counters.syncsSaved,
                           &counters.posted,
                           &counters.anchors,
                           &counters.pastPayload,
                           &counters.pastLoggedBytes}) {
    counter->reset();
  }
  for (LatencyHistogram* latency :
       {&acquireLatency, &queryLatency, &transactionLatency, &recoveryLatency, &queueLatency, &commitLatency}) {
    latency->reset();
  }
}

void ConnectionPool::Core::noteForeignWrites() noexcept {
  if (!sqliteLibrary().walResetBug || foreignWritesSeen.exchange(true)) return;
  log(LogLevel::Warning,
      {"another process writes this database, and SQLite ", sqliteLibrary().version,
       " can lose commits where a checkpoint meets a write of another process; 3.51.3, 3.50.7 and 3.44.6 cannot"});
}

void ConnectionPool::Core::noteCheckpoint(const CheckpointReport& report, std::uint64_t connectionId,
                                          std::string_view readers) noexcept {
  const bool done = report.complete && readers.empty();
  counters.checkpoints.add();
  if (!done) counters.checkpointsBlocked.add();
  publish(done ? EventKind::Checkpoint : EventKind::CheckpointBlocked, connectionId,
          {std::to_string(report.checkpointedPages), " of ", std::to_string(report.walPages), " pages",
           readers.empty() ? "" : "; read by ", readers});
}

}  // namespace holdfast
