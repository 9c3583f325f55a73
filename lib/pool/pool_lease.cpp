// Acquire and release: the path that every call takes.

#include <algorithm>
#include <utility>

#include "core/port/thread_local.hpp"
#include "core/text.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

/// The read slot of this thread: its pages and statements are warm there. Threads begin at different ones, and one that
/// found its slot taken comes back to it. Only a preference, so it does not matter which pool it was of.
std::atomic<std::size_t> nextReader{0};
HOLDFAST_THREAD_LOCAL std::size_t preferredReader = 0;  // 0: not chosen yet.
/// Straight acquires are timed one in so many, with that weight.
constexpr std::uint32_t kSampleAcquire = 64;
HOLDFAST_THREAD_LOCAL std::uint32_t acquireCount = 0;

}  // namespace

std::string describe(const LeaseInfo& lease) {
  std::string text = "#" + std::to_string(lease.connectionId) + " held for " + formatDuration(lease.heldFor) +
                     " by thread " + std::to_string(lease.thread);
  if (!lease.statement.empty()) return text + " (" + lease.statement + ")";
  return text + " (" + lease.place.function + " at " + lease.place.file + ":" + std::to_string(lease.place.line) + ")";
}

PooledConnection ConnectionPool::Core::acquire(const Wish& wish) {
  requireOwnProcess();
  refuseInsideTransaction();
  const bool sampled = ++acquireCount % kSampleAcquire == 0;
  const auto start = sampled ? SteadyClock::now() : SteadyTime{};
  if (preferredReader == 0) {
    preferredReader =
        1 + nextReader.fetch_add(1, std::memory_order_relaxed) % (std::max<std::size_t>(table.size(), 2) - 1);
  }
  const std::optional<std::size_t> slot = table.tryTakeReady(wish.access, preferredReader);
  if (slot) {
    if (*slot == SlotTable::kWriter && !wish.mayJoin) settleGroup();
    const Clock::TimePoint now = clock->now();
    beginLease(*slot, wish.holder, now);
    if (isReady(*slot, now)) {
      if (sampled) counters.acquireLatency.record(SteadyClock::now() - start, kSampleAcquire);
      return handOut(*slot, wish);
    }
  }
  return acquireSlowly(wish, slot);
}

PooledConnection ConnectionPool::Core::acquireSlowly(const Wish& wish, std::optional<std::size_t> taken) {
  const SteadyTime start = SteadyClock::now();
  std::chrono::milliseconds timeout{0};
  {
    const port::LockGuard guard(mutex);
    if (!taken) requireOpen();
    timeout = std::min<std::chrono::milliseconds>(wish.timeout.value_or(config.acquireTimeout), kLongestWait);
  }
  const SteadyTime deadline = start + timeout;
  std::optional<Error> openFailure;
  std::size_t lateAttempts = 0;
  while (true) {
    // An empty slot that lacks memory may be tried again at once: past the deadline not for ever.
    if (openFailure && SteadyClock::now() >= deadline) ++lateAttempts;
    const bool inVain = lateAttempts > table.size();
    const std::size_t slot = taken ? *taken : inVain ? kNoSlot : waitForSlot(wish, preferredReader, deadline);
    if (slot == kNoSlot && wish.quietly) return {};
    if (slot == kNoSlot) throwExhausted(wish.access, timeout, openFailure);
    const bool failAtOnce = config.propagateOpenError;
    // The handle of a group is in the middle of a transaction: it stays as it is.
    if (slot == SlotTable::kWriter && !wish.mayJoin) settleGroup();
    const bool joins = slot == SlotTable::kWriter && !group.empty();
    if (joins || prepareLease(slot, deadline, openFailure)) {
      const auto waited = SteadyClock::now() - start;
      counters.acquireLatency.record(waited);
      if (slot == SlotTable::kWriter) counters.queueLatency.record(waited);
      return handOut(slot, wish);
    }
    if (failAtOnce) throw setContextIfPossible(*openFailure, [this] { return contextText(); });
    taken.reset();
  }
}

PooledConnection ConnectionPool::Core::handOut(std::size_t slot, const Wish& wish) noexcept {
  Connection& connection = *table[slot].connection;
  connection.impl().leasedFor = wish.access;
  connection.impl().lease = table[slot].lease.id();
  if (slot == SlotTable::kWriter) {
    connection.impl().writesRefused = storage.state() == StorageState::Damaged;
    settleAnchor(connection, wish);
  }
  return PooledConnection(connection, *this, slot);
}

void ConnectionPool::Core::requireOpen() const {
  if (workersRefused && executor != nullptr && executor->isWorkerThread()) {
    throw Error(ErrorCode::PoolClosed, "the database is being closed, and has waited for this call for long enough");
  }
  if (state == State::Open) return;
  throw Error(ErrorCode::PoolClosed,
              state == State::Closing ? "the database is being closed" : "the database is not open; call open() first");
}

void ConnectionPool::Core::beginLease(std::size_t slot, const Holder& holder, Clock::TimePoint now) noexcept {
  Slot& entry = table[slot];
  entry.lease.begin(++entry.leases * SlotTable::kMaxSlots + slot, holder, now);
  entry.acquires.add();
}

bool ConnectionPool::Core::isReady(std::size_t slot, Clock::TimePoint now) const noexcept {
  const Slot& entry = table[slot];
  return entry.connection != nullptr && now < entry.freshUntil && entry.sharesGeneration == ProcessMemory::generation();
}

bool ConnectionPool::Core::prepareLease(std::size_t slot, SteadyTime deadline, std::optional<Error>& failure) {
  try {
    if (slot == SlotTable::kWriter && table[slot].connection != nullptr) dropAnchor(*table[slot].connection);
    if (table[slot].connection == nullptr) openConnection(slot, std::min(config.openTimeout, timeLeft(deadline)));
    const Clock::TimePoint now = clock->now();
    SlotFacts facts;
    {
      const port::LockGuard guard(mutex);
      facts = table.facts(slot);
    }
    std::string reason;
    const bool renewed =
        isConnectionStale(facts, now) && renewConnection(slot, std::min(config.openTimeout, timeLeft(deadline)));
    if (!renewed && needsVerification(facts, config, now) && !verifyConnection(slot, reason)) {
      recoverConnection(slot, reason, std::min(config.openTimeout, timeLeft(deadline)));
      if (table[slot].connection == nullptr) {
        throw Error(ErrorCode::CannotOpen, "a broken handle (" + reason + ") could not be replaced");
      }
    }
    // The old one is closed already, and no new one was to be had: the next attempt says why.
    if (table[slot].connection == nullptr) openConnection(slot, std::min(config.openTimeout, timeLeft(deadline)));
    adoptShares(slot);
    return true;
  } catch (const Error& error) {
    failure = error;
    endLease(slot);
    return false;
  } catch (...) {
    endLease(slot);
    throw;
  }
}

PooledConnection ConnectionPool::Core::acquireBounded(const Holder& holder, const CallOptions& options) {
  const SteadyTime deadline =
      options.timeout ? SteadyClock::now() + std::min<std::chrono::milliseconds>(*options.timeout, kLongestWait)
                      : SteadyTime::max();
  PooledConnection lease = acquire({.access = Access::Read,
                                    .timeout = options.timeout,
                                    .holder = holder,
                                    .priority = options.priority,
                                    .cancel = &options.cancel});
  lease->impl().setLimits({.lockDeadline = deadline, .deadline = deadline, .cancel = options.cancel});
  return lease;
}

void ConnectionPool::Core::giveBack(Connection& connection, std::size_t slot, bool discard) noexcept {
  if (!inOwnProcess()) return;  // The handle belongs to the parent: leaking it is the only safe thing.
  if (slot == SlotTable::kWriter) return giveBackWriter(connection, discard);
  connection.impl().clearLimits();
  if (connection.impl().trouble) storage.noteTrouble(connection);
  if (discard || connection.impl().needsRestore()) restoreState(connection, slot, discard);
  noteRead(slot);
  endLease(slot);
}

void ConnectionPool::Core::giveBackWriter(Connection& writer, bool discard) noexcept {
  Ended ended;
  if (!group.empty()) {
    std::optional<Ended> left = leaveGroup(writer);
    if (!left) return;
    ended = std::move(*left);
  }
  Connection::Impl& impl = writer.impl();
  impl.clearLimits();
  if (impl.durability() != config.durability) resetDurability(impl);
  if (impl.trouble) storage.noteTrouble(writer);
  if (discard || impl.needsRestore()) {
    restoreState(writer, SlotTable::kWriter, discard);
  } else {
    checkpointIfDue(writer);
  }
  refreshAnchor();
  endLease(SlotTable::kWriter);
  tellMembers(ended);
  if (!ended.tasks.empty()) endPosted(std::move(ended));  // The pool may be gone otherwise.
}

void ConnectionPool::Core::throwInsideTransaction() const {
  const Place place = table[SlotTable::kWriter].lease.read().holder.place;
  throw Error(ErrorCode::Misuse, "the database is used inside of a transaction's callback, begun by " +
                                     std::string(place.function) + " at " + place.file + ":" +
                                     std::to_string(place.line) + ": use the transaction object that it was given");
}

void ConnectionPool::Core::resetDurability(Connection::Impl& writer) const noexcept {
  if (writer.inTransaction()) writer.rollback();
  try {
    writer.setDurability(config.durability);
  } catch (const std::exception&) {
    writer.broken = true;
  }
}

void ConnectionPool::Core::restoreState(Connection& connection, std::size_t slot, bool discard) noexcept {
  const ReturnState returned = connection.impl().restore();
  if (!returned.restored.empty()) {
    counters.restored.add();
    publish(EventKind::StateRestored, connection.id(), {returned.restored});
    log(LogLevel::Warning,
        {"connection #", std::to_string(connection.id()), " came back with state to undo: ", returned.restored});
  }
  if (connection.impl().broken) counters.connectionErrors.add();
  const char* reason = discard ? "it was discarded by its holder" : returned.replaceBecause;
  if (reason != nullptr && isOpen()) recoverConnection(slot, reason, config.openTimeout);
}

void ConnectionPool::Core::endLease(std::size_t slot) noexcept {
  Slot& entry = table[slot];
  const Clock::TimePoint now = clock->now();
  // The pool's own work on a handle is no use of it: else looking after it would keep it from ever being idle.
  if (entry.lease.id() != 0) table.markUsed(slot, now);
  entry.freshUntil = std::min(entry.renewAt, table.lastUsed(slot) + config.verifyAfter);
  if (!entry.lease.endsUnderLock()) {
    entry.lease.end();
    if (table.tryFree(slot, SlotTable::kClosed | SlotTable::kLongWay | table.waitingForSlot(slot))) return;
  }
  port::Parker* next = nullptr;
  {
    const port::LockGuard guard(mutex);
    entry.lease.end();
    const bool open = state == State::Open;
    if (open) next = passOn(slot, now);
    if (open && next == nullptr) return;
  }
  next != nullptr ? next->tell() : endLastLease(slot);
}

void ConnectionPool::Core::endLastLease(std::size_t slot) noexcept {
  bool counted = false;
  if (slot == SlotTable::kWriter) settleGroup();  // Nobody comes any more who would.
  while (true) {
    std::shared_ptr<Connection> orphan;
    bool lastOrphan = false;
    bool last = false;
    {
      const port::LockGuard guard(mutex);
      if (handlesClosed) orphan = table.takeConnection(slot);
      if (handlesClosed && orphan == nullptr && !counted) {
        counted = true;
        lastOrphan = --orphans == 0;
      }
      if (orphan == nullptr && !lastOrphan) {
        // From here on the pool may go as soon as the lock is let go.
        table.free(slot);
        leaseEnded.notifyAll();
        last = abandoned && table.inUse().empty();
        if (!last) return;
      }
    }
    if (last) {
      delete this;
      return;
    }
    if (orphan != nullptr) retire(std::move(orphan));
    if (lastOrphan) leaveProcess();
  }
}

std::vector<LeaseInfo> ConnectionPool::Core::leases() const {
  requireOwnProcess();
  std::vector<LeaseInfo> result;
  {
    const port::LockGuard guard(mutex);
    const Clock::TimePoint now = clock->now();
    for (SlotSet rest = table.inUse(); !rest.empty(); rest.erase(rest.first())) {
      const Slot& entry = table[rest.first()];
      const LeaseRecord::Snapshot record = entry.lease.read();
      if (record.id == 0 || entry.connection == nullptr) continue;
      LeaseInfo lease;
      lease.leaseId = record.id;
      lease.connectionId = entry.connection->id();
      lease.access = rest.first() == SlotTable::kWriter ? Access::Write : Access::Read;
      lease.thread = record.holder.thread;
      lease.heldFor = std::max(now - record.since, Clock::Duration{0});
      lease.place = record.holder.place;
      if (record.holder.statement != nullptr) lease.statement = shortenSql(record.holder.statement);
      lease.forced = entry.forced == record.id;
      const Connection::Impl& impl = entry.connection->impl();
      lease.holdsSnapshot = impl.holdsSnapshot.load(std::memory_order_relaxed);
      if (lease.holdsSnapshot && entry.seenSnapshot == snapshotKey(record.id, impl)) {
        lease.snapshotAge = now - entry.seenSince;
      }
      result.push_back(std::move(lease));
    }
  }
  std::sort(result.begin(), result.end(), [](const LeaseInfo& a, const LeaseInfo& b) { return a.heldFor > b.heldFor; });
  return result;
}

bool ConnectionPool::Core::forceCleanup(std::uint64_t leaseId) {
  requireOwnProcess();
  std::shared_ptr<Connection> connection;
  {
    const port::LockGuard guard(mutex);
    for (SlotSet rest = table.inUse(); !rest.empty() && connection == nullptr; rest.erase(rest.first())) {
      Slot& entry = table[rest.first()];
      if (leaseId == 0 || entry.lease.id() != leaseId || entry.connection == nullptr) continue;
      entry.forced = leaseId;
      // By its number: should the lease end at this moment, the next one is not meant.
      entry.connection->impl().revokedLease.store(leaseId, std::memory_order_relaxed);
      connection = entry.connection;
    }
  }
  if (connection == nullptr) return false;
  counters.forced.add();
  const std::string lease = std::to_string(leaseId);
  publish(EventKind::LeaseForced, connection->id(), {"lease ", lease, " forced back"});
  log(LogLevel::Warning, {"lease ", lease, " of connection #", std::to_string(connection->id()), " was forced back"});
  return true;
}

}  // namespace holdfast
