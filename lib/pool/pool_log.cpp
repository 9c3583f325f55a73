// The write-ahead log: when it is copied into the database, and what keeps it within its bounds. By the holder of the
// write slot, between transactions; where other processes write, too, under the log's lock (connection/checkpoint.cpp).

#include <algorithm>

#include "core/text.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

constexpr std::chrono::milliseconds kLookAtLogAgain{5};

std::string formatMebibytes(std::int64_t bytes) {
  return std::to_string(bytes / MiB) + "." + std::to_string(bytes % MiB * 10 / MiB) + " MiB";
}

}  // namespace

std::int64_t ConnectionPool::Core::logBytes(const Connection::Impl& writer) noexcept {
  return writer.walPages.load(std::memory_order_relaxed) * writer.frameBytes();
}

std::int64_t ConnectionPool::Core::logLimit(const Connection::Impl& writer) const noexcept {
  constexpr std::int64_t kTimesCheckpoint = 16;
  if (config.walSizeLimit > 0) return config.walSizeLimit;
  return kTimesCheckpoint * config.checkpointPages * writer.profile.pageSize;
}

void ConnectionPool::Core::checkpointIfDue(Connection& writer) noexcept {
  if (!checkpoints.due(writer.impl().walPages.load(std::memory_order_relaxed))) return;
  if (storage.state() == StorageState::Damaged) return;  // The log may be what is sound.
  try {
    const CheckpointReport report = checkpoints.run(writer, SteadyClock::now() + kCopyPatience);
    const bool large = logBytes(writer.impl()) >= logLimit(writer.impl()) / 2;
    // A log that is copied as a whole and still grows on is in use by a reader, too.
    noteCheckpoint(report, writer.id(), large ? endOldSnapshots() : std::string());
  } catch (const std::exception& failure) {
    log(LogLevel::Warning, {"checkpoint failed: ", failure.what()});
  }
}

std::uint64_t ConnectionPool::Core::snapshotKey(std::uint64_t lease, const Connection::Impl& reader) noexcept {
  return lease + (reader.snapshots.value() << 16) * SlotTable::kMaxSlots;
}

std::string ConnectionPool::Core::endOldSnapshots() {
  std::string text;
  {
    const port::LockGuard guard(mutex);
    for (SlotSet rest = table.open(); !rest.empty(); rest.erase(rest.first())) {
      Slot& entry = table[rest.first()];
      const std::uint64_t key = snapshotKey(entry.lease.id(), entry.connection->impl());
      if (entry.seenSnapshot != key) entry.seenSince = clock->now();
      entry.seenSnapshot = key;
    }
  }
  for (const LeaseInfo& lease : leases()) {
    if (lease.access == Access::Write || !lease.holdsSnapshot) continue;
    text += (text.empty() ? "" : "; ") + describe(lease);
    if (lease.snapshotAge > config.snapshotBudget && !lease.forced) forceCleanup(lease.leaseId);
  }
  const std::string beside = longReads.endOld(config.snapshotBudget);
  if (!beside.empty()) text += (text.empty() ? "" : "; ") + beside;
  return text;
}

void ConnectionPool::Core::makeRoomInLog(Connection& writer, SteadyTime deadline) {
  Connection::Impl& impl = writer.impl();
  if (logBytes(impl) < logLimit(impl)) return;
  while (true) {
    const CheckpointReport report = checkpointFully(writer, deadline);
    // The handle may have taken the length of the file for that of the log.
    if (!report.truncated) impl.walPages.store(report.walPages, std::memory_order_relaxed);
    if (logBytes(impl) < logLimit(impl)) return noteCheckpoint(report, writer.id(), {});
    const std::string readers = endOldSnapshots();
    if (SteadyClock::now() + kLookAtLogAgain < deadline) {
      impl.checkLimits();
      port::sleepFor(kLookAtLogAgain);
      continue;
    }
    noteCheckpoint(report, writer.id(), readers);
    throw Error(ErrorCode::StorageFull,
                "the write-ahead log has reached its limit (walSizeLimit, " + formatMebibytes(logBytes(impl)) +
                    ") and cannot be begun anew while it is being read by " +
                    (readers.empty() ? "another process" : readers) + ": end that read, or set a snapshotBudget")
        .setContext(contextText());
  }
}

}  // namespace holdfast
