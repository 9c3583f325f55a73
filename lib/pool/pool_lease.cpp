// Acquire and release: the path that every call takes.

#include <algorithm>
#include <utility>

#include "core/text.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

/// The read slot of this thread: its pages and statements are warm there. Threads begin at different ones, and one that
/// found its slot taken comes back to it. Only a preference, so it does not matter which pool it was of.
std::atomic<std::size_t> nextReader{0};
thread_local std::size_t preferredReader = 0;  // 0: not chosen yet.
/// Straight acquires are timed one in so many, with that weight.
constexpr std::uint32_t kSampleEvery = 64;
thread_local std::uint32_t acquireCount = 0;

using SteadyClock = std::chrono::steady_clock;

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
  const bool sampled = ++acquireCount % kSampleEvery == 0;
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
      if (sampled) acquireLatency.record(SteadyClock::now() - start, kSampleEvery);
      return handOut(*slot, wish.access);
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
  while (true) {
    const std::size_t slot = taken ? *taken : waitForSlot(wish, deadline);
    if (slot == kNoSlot && wish.quietly) return {};
    if (slot == kNoSlot) throwExhausted(wish.access, timeout, openFailure);
    const bool failAtOnce = config.propagateOpenError;
    // The handle of a group is in the middle of a transaction: it stays as it is.
    if (slot == SlotTable::kWriter && !wish.mayJoin) settleGroup();
    const bool joins = slot == SlotTable::kWriter && !group.empty();
    if (joins || prepareLease(slot, deadline, openFailure)) {
      const auto waited = SteadyClock::now() - start;
      acquireLatency.record(waited);
      if (slot == SlotTable::kWriter) queueLatency.record(waited);
      return handOut(slot, wish.access);
    }
    if (failAtOnce) throw openFailure->setContext(contextText());
    taken.reset();
  }
}

PooledConnection ConnectionPool::Core::handOut(std::size_t slot, Access access) noexcept {
  Connection& connection = *table[slot].connection;
  connection.impl().leasedFor = access;
  connection.impl().lease = table[slot].lease.id();
  if (slot == SlotTable::kWriter) dropAnchor(connection);
  return PooledConnection(connection, *this, slot);
}

WaitQueue& ConnectionPool::Core::waitersOf(Access access) noexcept {
  return table.waitingFor(access) == SlotTable::kWritersWait ? writeWaiters : readWaiters;
}

void ConnectionPool::Core::leaveQueue(Access access, Waiter& waiter, bool served) noexcept {
  WaitQueue& queue = waitersOf(access);
  queue.remove(waiter, served);
  if (queue.empty()) table.lower(table.waitingFor(access));
}

void ConnectionPool::Core::requireOpen() const {
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

void ConnectionPool::Core::refuseSelfDeadlock(Access access, const Holder& holder) const {
  const SlotSet lane = table.lane(access);
  for (SlotSet rest = lane; !rest.empty(); rest.erase(rest.first())) {
    const LeaseRecord& lease = table[rest.first()].lease;
    if (lease.id() == 0 || lease.thread() != holder.thread) return;
  }
  const Place place = table[lane.first()].lease.read().holder.place;  // Of this thread's own lease: it stays.
  throw Error(ErrorCode::Misuse, "this thread waits for the " + std::string(toText(access)) +
                                     " handle that it holds itself, taken by " + place.function + " at " + place.file +
                                     ":" + std::to_string(place.line) +
                                     "; inside a transaction use the transaction object");
}

std::size_t ConnectionPool::Core::waitForSlot(const Wish& wish, SteadyTime deadline) {
  const Access access = wish.access;
  Waiter self;
  self.holder = wish.holder;
  self.priority = wish.priority;
  self.mayJoin = wish.mayJoin;
  self.thread = &port::Parker::ofThisThread();
  const std::stop_token cancel = wish.cancel != nullptr ? *wish.cancel : std::stop_token();
  const std::stop_callback wakeUp(cancel, [&self] { self.thread->tell(); });
  port::LockGuard guard(mutex);
  requireOpen();
  WaitQueue& queue = waitersOf(access);
  if (queue.empty()) {
    if (const auto slot = table.tryTakeInTurn(access, preferredReader, clock->now())) {
      beginLease(*slot, wish.holder, clock->now());
      return *slot;
    }
  }
  if (SteadyClock::now() >= deadline) return kNoSlot;
  refuseSelfDeadlock(access, wish.holder);
  queue.push(self);
  ++acquireWaits;
  while (true) {
    self.thread->prepare();  // Before anything is looked at: what is told from here on is not lost.
    if (self.granted.load(std::memory_order_acquire) != Waiter::kNone || self.rejected) break;
    // A slot that could not be opened becomes usable again by time alone: the first in line looks for it.
    std::optional<std::size_t> slot;
    if (queue.front() == &self) slot = table.tryTakeInTurn(access, preferredReader, clock->now());
    const SteadyTime now = SteadyClock::now();
    const bool cancelled = cancel.stop_requested();
    if (slot || now >= deadline || cancelled) {
      leaveQueue(access, self, slot.has_value());
      wakeFirst(queue);  // It may have to look after an empty slot now.
      if (slot) beginLease(*slot, wish.holder, clock->now());
      if (slot) return *slot;
      if (cancelled) throw Error(ErrorCode::Interrupted, "cancelled by its stop token while waiting for a handle");
      return kNoSlot;
    }
    if (!table.raiseUnlessFree(access)) continue;  // One became free meanwhile. With others before us the flag is up.
    const bool hasEmpty = !((table.lane(access) - table.inUse()) - table.open()).empty();
    guard.unlock();
    self.thread->parkUntil(hasEmpty ? std::min(deadline, now + config.openRetryDelay) : deadline);
    if (self.granted.load(std::memory_order_acquire) != Waiter::kNone) return self.granted;
    guard.lock();
  }
  if (self.rejected) throw Error(ErrorCode::PoolClosed, "the database was closed while this call waited for a handle");
  return self.granted;
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
    if (isConnectionStale(facts, now)) {
      renewConnection(slot, std::min(config.openTimeout, timeLeft(deadline)));
    } else if (needsVerification(facts, config, now) && !verifyConnection(slot, reason)) {
      recoverConnection(slot, reason, std::min(config.openTimeout, timeLeft(deadline)));
      if (table[slot].connection == nullptr) {
        throw Error(ErrorCode::CannotOpen, "a broken handle (" + reason + ") could not be replaced");
      }
    }
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

void ConnectionPool::Core::throwExhausted(Access access, std::chrono::milliseconds timeout,
                                          const std::optional<Error>& openFailure) {
  std::string text = "no " + std::string(toText(access)) + " handle became free within " + formatDuration(timeout);
  const char* separator = ": ";
  const std::vector<LeaseInfo> out = leases();
  const bool ofLane =
      std::any_of(out.begin(), out.end(), [&](const LeaseInfo& lease) { return lease.access == access; });
  for (const LeaseInfo& lease : out) {
    if (ofLane && lease.access != access) continue;
    text += separator + describe(lease);
    separator = "; ";
  }
  std::string cause = openFailure ? openFailure->what() : "";
  {
    const port::LockGuard guard(mutex);
    ++acquireTimeouts;
    for (SlotSet rest = table.lane(access) - table.open(); !rest.empty(); rest.erase(rest.first())) {
      if (cause.empty()) cause = table[rest.first()].openError;
    }
  }
  if (!cause.empty()) text += "; opening another one failed: " + cause;
  throw Error(ErrorCode::PoolExhausted, text).setContext(contextText());
}

void ConnectionPool::Core::giveBack(Connection& connection, std::size_t slot, bool discard) noexcept {
  if (!inOwnProcess()) return;  // The handle belongs to the parent: leaking it is the only safe thing.
  if (slot == SlotTable::kWriter) return giveBackWriter(connection, discard);
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
    if (table.tryFree(slot, SlotTable::kClosed | table.waitingForSlot(slot))) return;
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

port::Parker* ConnectionPool::Core::passOn(std::size_t slot, Clock::TimePoint now) noexcept {
  const Access access = slot == SlotTable::kWriter ? Access::Write : Access::Read;
  WaitQueue& queue = waitersOf(access);
  if (queue.empty() || table[slot].connection == nullptr) {
    table.free(slot);
    wakeFirst(queue);  // Nothing to hand over, but something to open: the first in line sees to it.
    return nullptr;
  }
  Waiter& next = *queue.front();
  leaveQueue(access, next, true);
  beginLease(slot, next.holder, now);
  port::Parker* thread = next.thread;
  next.granted.store(slot, std::memory_order_release);
  return thread;
}

void ConnectionPool::Core::wakeFirst(WaitQueue& queue) noexcept {
  if (!queue.empty()) queue.front()->thread->tell();
}

void ConnectionPool::Core::endLastLease(std::size_t slot) noexcept {
  bool counted = false;
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
