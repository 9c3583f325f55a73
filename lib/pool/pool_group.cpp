// The end of a write transaction: alone, or handed on with others that share its COMMIT.

#include <algorithm>
#include <utility>

#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::shared_ptr<const Error> share(const Error& error) { return std::make_shared<const Error>(error); }

}  // namespace

bool ConnectionPool::Core::hasCompany() const noexcept {
  return !group.empty() || table.has(SlotTable::kWritersWait) || group.expectsCompany() || !posts.empty();
}

void ConnectionPool::Core::commit(Transaction& tx) {
  Connection& writer = *tx.connection_;
  Connection::Impl& impl = writer.impl();
  impl.requireUsable();
  // COMMIT would report it too, but for all who share it.
  if (impl.hasDeferredViolations() && hasCompany()) {
    throw Error(ErrorCode::Constraint, "FOREIGN KEY constraint failed: a deferred one is not met at the end", 787, 0);
  }
  if (tx.joined_) impl.releaseSavepoint();
  tx.lastInsertRowId_ = impl.lastInsertRowId();
  impl.clearLimits();
  GroupMember self;
  if (hasCompany()) {
    group.reserve();
    if (handOver(writer, &self)) {
      tx.lease_.forget();
    } else {
      EndedTasks ended = commitGroup(writer, &self);
      tx.lease_.release();
      endPosted(std::move(ended));
    }
  } else {
    group.end(1, std::chrono::nanoseconds{0});
    self.result = commitOnce(impl);
  }
  tx.settle(self.result.outcome, self.result.error.get());
}

bool ConnectionPool::Core::handOver(Connection& writer, GroupMember* self) {
  Connection::Impl& impl = writer.impl();
  const CommitGroup::Bounds bounds{config.groupMaxTransactions, config.groupMaxBytes, config.groupMaxDelay};
  port::LockGuard guard(mutex);
  if (state != State::Open || !impl.inTransaction()) return false;
  if (!group.hasRoom(bounds, SteadyClock::now(), impl.payloadBytes.value())) return false;
  if (writeWaiters.empty() && self != nullptr && group.expectsCompany()) {
    const auto until = SteadyClock::now() + group.patience();
    while (writeWaiters.empty() && state == State::Open && companyCame.waitUntil(guard, until)) {
    }
    if (writeWaiters.empty()) group.waitedInVain();
  }
  Waiter* next = writeWaiters.front();
  if (next == nullptr || !next->mayJoin) return false;
  leaveQueue(Access::Write, *next, true);
  if (self != nullptr) group.add(*self);
  if (self != nullptr) {
    self->thread = &port::Parker::ofThisThread();
    self->thread->prepare();
  }
  table[SlotTable::kWriter].lease.end();
  beginLease(SlotTable::kWriter, next->holder, clock->now());
  next->grant(SlotTable::kWriter);
  // While that one is at work the next one wakes up: waking takes as long as a short transaction.
  Waiter* afterNext = writeWaiters.front();
  if (afterNext != nullptr && afterNext->mayJoin) afterNext->beReady();
  guard.unlock();
  if (self != nullptr) self->thread->park();
  return true;
}

ConnectionPool::Core::EndedTasks ConnectionPool::Core::commitGroup(Connection& writer, GroupMember* self) noexcept {
  Connection::Impl& impl = writer.impl();
  EndedTasks ended;
  if (impl.inTransaction()) runPosted(writer, ended.tasks);
  const auto start = SteadyClock::now();
  const CommitResult result = impl.inTransaction() ? commitOnce(impl) : undoneByOthers(impl);
  ended.result = result;
  std::vector<GroupMember*> members = group.takeMembers();
  const std::size_t transactions = members.size() + ended.tasks.size() + (self != nullptr ? 1 : 0);
  // The handle has counted one.
  if (transactions > 1) {
    (result.outcome == CommitOutcome::Done ? counters.pastCommitted : counters.pastRolledBack).add(transactions - 1);
  }
  group.end(members.size() + 1, SteadyClock::now() - start);
  if (self != nullptr) self->result = result;
  if (transactions > 1 && result.outcome == CommitOutcome::Done) {
    counters.groups.add();
    counters.grouped.add(transactions);
    if (group.durability() == Durability::Full) counters.syncsSaved.add(transactions - 1);
    if (transactions > counters.largestGroup.load(std::memory_order_relaxed)) {
      counters.largestGroup.store(transactions, std::memory_order_relaxed);
    }
  }
  for (GroupMember* member : members) {
    port::Parker& thread = *member->thread;
    member->result = result;
    thread.tell();  // From here on the member may be gone.
  }
  return ended;
}

CommitResult ConnectionPool::Core::commitOnce(Connection::Impl& writer) noexcept {
  const auto start = SteadyClock::now();
  const std::uint64_t loggedBefore = writer.loggedPages.value();
  CommitResult result{CommitOutcome::Unknown, nullptr};
  try {
    std::optional<Error> error;
    result.outcome = commitAndSync(writer, error);
    if (result.outcome == CommitOutcome::Unknown) {
      result.outcome = resolveOutcome(writer, writer.loggedPages.value() != loggedBefore);
    }
    if (result.outcome != CommitOutcome::Done) result.error = share(*error);
  } catch (const std::exception&) {
    writer.broken = true;  // For want of memory: no more is known.
  }
  commitLatency.record(SteadyClock::now() - start);
  return result;
}

CommitOutcome ConnectionPool::Core::commitAndSync(Connection::Impl& writer, std::optional<Error>& error) {
  try {
    writer.requireUsable();
  } catch (const Error& refused) {
    writer.rollback();
    error = refused;
    return CommitOutcome::NotDone;
  }
  const CommitOutcome outcome = writer.commit(error);
  if (outcome != CommitOutcome::Done || group.durability() != Durability::Full ||
      writer.durability() == Durability::Full) {
    return outcome;
  }
  try {
    writer.syncLog();
    return CommitOutcome::Done;
  } catch (const Error& failure) {
    error = failure;
    return CommitOutcome::Unknown;
  }
}

// A COMMIT that failed while it wrote or synced. What it wrote may still be read back as committed after a crash, until
// it is written over; and a page whose sync failed is not written by a later one. So first everything that is committed
// goes into the database, which is synced; then another commit takes the place of the failed one. What succeeds in this
// decides; where it fails too, nobody can know.
CommitOutcome ConnectionPool::Core::resolveOutcome(Connection::Impl& writer, bool visible) noexcept {
  try {
    if (!writer.checkpoint(CheckpointMode::Passive).complete) return CommitOutcome::Unknown;
    if (visible) return CommitOutcome::Done;
    writer.overwriteFailedCommit();
    return CommitOutcome::NotDone;
  } catch (const std::exception&) {
    return CommitOutcome::Unknown;
  }
}

CommitResult ConnectionPool::Core::undoneByOthers(Connection::Impl& writer) noexcept {
  writer.forgetTransaction();
  CommitResult result;
  result.outcome = CommitOutcome::NotDone;
  try {
    result.error = share(Error(
        ErrorCode::Busy, "another transaction that shared the COMMIT met an error that made SQLite undo them all"));
  } catch (const std::exception&) {
    result.outcome = CommitOutcome::Unknown;  // Without an error to show for it.
  }
  return result;
}

std::optional<ConnectionPool::Core::EndedTasks> ConnectionPool::Core::leaveGroup(Connection& writer) noexcept {
  writer.impl().clearLimits();
  if (handOver(writer, nullptr)) return std::nullopt;
  return commitGroup(writer, nullptr);
}

}  // namespace holdfast
