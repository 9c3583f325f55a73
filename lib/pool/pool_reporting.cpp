// What can be seen of the pool: metrics, events, log lines.

#include <algorithm>
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
  counters.addTo(result);
  content.addTo(result);
  result.pendingPosts = posts.size();
  result.memoryUsedBytes = sqlite_memory::usedBytes();
  result.memoryPeakBytes = sqlite_memory::peakBytes();
  result.memoryLimitBytes = ProcessMemory::instance().limit();
  result.memoryStage = memoryStage.load(std::memory_order_relaxed);
  result.storageState = storage.state();
  result.storageRefusals = storage.refusals();
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
    const auto walPages = static_cast<std::uint64_t>(impl.walPages.load(std::memory_order_relaxed));
    result.walPages += walPages;
    result.walBytes += walPages * static_cast<std::uint64_t>(impl.frameBytes());
  }
  result.averageQueryTime = result.queryLatency.mean;
  if (result.payloadBytes > 0) {
    result.writeAmplification = static_cast<double>(result.bytesLogged) / static_cast<double>(result.payloadBytes);
  }
  return result;
}

std::string ConnectionPool::Core::contextText(ErrorCode code) const {
  if (code != ErrorCode::MemoryLimit || !inOwnProcess()) return contextText();
  return contextText() + "; " + lastKnownMemory().summary();
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

void ConnectionPool::Core::tellRecovery(const RecoveryReport& recovery) noexcept {
  if (recovery.action == RecoveryAction::None) return;
  const bool readsOnly = recovery.action == RecoveryAction::OpenedReadOnly;
  publish(readsOnly ? EventKind::DamageFound : EventKind::DatabaseRecovered, 0,
          {toText(recovery.cause), ", ", toText(recovery.action), ": ", path});
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
  acquireWaits = readWaits = acquireTimeouts = 0;
  counters.reset();
}

void ConnectionPool::Core::noteForeignWrites() noexcept {
  if (!kHasThreads || !sqliteLibrary().walResetBug || foreignWritesSeen.exchange(true)) return;
  log(LogLevel::Warning,
      {"another process writes this database, and SQLite ", sqliteLibrary().version,
       " can lose commits where a checkpoint of its own meets a write of another process (holdfast's never do); ",
       "3.51.3, 3.50.7 and 3.44.6 cannot"});
}

void ConnectionPool::Core::noteCheckpoint(const CheckpointReport& report, std::uint64_t connectionId,
                                          std::string_view readers) noexcept {
  if (!kHasThreads) return;  // There is no log.
  const bool done = report.complete && readers.empty();
  counters.checkpoints.add();
  if (report.truncated) counters.logsTruncated.add();
  if (!done) counters.checkpointsBlocked.add();
  publish(done ? EventKind::Checkpoint : EventKind::CheckpointBlocked, connectionId,
          {std::to_string(report.checkpointedPages), " of ", std::to_string(report.walPages), " pages",
           readers.empty() ? "" : "; read by ", readers});
}

}  // namespace holdfast
