// The end of a write transaction: alone, or handed on with others that share its COMMIT.

#include <algorithm>
#include <utility>

#include "core/port/process.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

std::shared_ptr<const Error> share(const Error& error) { return std::make_shared<const Error>(error); }

}  // namespace

bool ConnectionPool::Core::hasCompany() const noexcept {
  return !group.empty() || table.has(SlotTable::kWritersWait) || group.expectsCompany() || !posts.empty();
}

void ConnectionPool::Core::commit(Transaction& tx) {
  Connection& writer = *tx.connection_;
  Connection::Impl& impl = writer.impl();
  impl.requireUsable();
  GroupMember self;
  const bool company = hasCompany();
  if (company) {
    tx.requireConstraintsMet();
    group.reserve();
    self.thread = &port::Parker::ofThisThread();
  }
  if (tx.joined_) impl.releaseSavepoint();
  tx.lastInsertRowId_ = impl.lastInsertRowId();
  impl.clearLimits();
  if (company) {
    if (handOver(writer, &self)) {
      tx.lease_.forget();
    } else {
      Ended ended = commitGroup(writer, &self);
      tx.lease_.release();
      tellMembers(ended);
      endPosted(std::move(ended));
    }
  } else {
    group.end(1, std::chrono::nanoseconds{0});
    self.result = commitOnce(impl);
    if (self.result.outcome == CommitOutcome::Done) counters.noteGroup(1, false);
  }
  tx.settle(self.result.outcome, self.result.error.get());
}

bool ConnectionPool::Core::handOver(Connection& writer, GroupMember* self) {
  Connection::Impl& impl = writer.impl();
  const CommitGroup::Bounds bounds{config.groupMaxTransactions, config.groupMaxBytes, config.groupMaxDelay};
  port::LockGuard guard(mutex);
  if (state != State::Open || !impl.canCommit() || impl.hasChangedState()) return false;
  if (!group.hasRoom(bounds, SteadyClock::now(), impl.payloadBytes.value())) return false;
  Waiter* next = writeWaiters.front();
  if (next != nullptr ? !next->mayJoin : self == nullptr || !group.expectsCompany()) return false;
  if (self != nullptr) {
    self->thread->prepare();
    self->patience = next == nullptr ? SteadyClock::now() + group.patience() : SteadyTime::max();
    group.add(*self);
  }
  table[SlotTable::kWriter].lease.end();
  if (next == nullptr) {
    // Whoever comes next takes the slot with the open transaction; nobody has to be woken for that.
    table.free(SlotTable::kWriter);
    guard.unlock();
  } else {
    leaveQueue(Access::Write, *next, true);
    beginLease(SlotTable::kWriter, next->holder, clock->now());
    port::Parker& thread = *next->thread;
    next->granted.store(SlotTable::kWriter, std::memory_order_release);
    guard.unlock();
    thread.tell();
  }
  if (self != nullptr) awaitEnd(*self);
  return true;
}

void ConnectionPool::Core::awaitEnd(GroupMember& self) noexcept {
  constexpr std::chrono::milliseconds kLookAgain{1};
  while (!self.ended.load(std::memory_order_acquire)) {
    self.thread->parkUntil(self.patience);
    self.thread->prepare();
    if (self.patience == SteadyTime::max() || SteadyClock::now() < self.patience) continue;
    self.patience = SteadyClock::now() + kLookAgain;
    // Nobody has come. Where the slot is taken somebody has after all, or only looks at it for a moment.
    if (!table.tryTake(SlotTable::kWriter)) continue;
    if (group.empty()) {
      endLease(SlotTable::kWriter);  // It is over: we are about to be told.
      continue;
    }
    group.waitedInVain();
    giveBack(*table[SlotTable::kWriter].connection, SlotTable::kWriter, false);
  }
}

void ConnectionPool::Core::settleGroup() noexcept {
  if (group.empty()) return;
  Connection& writer = *table[SlotTable::kWriter].connection;
  Ended ended = commitGroup(writer, nullptr, false);
  tellMembers(ended);
  writer.impl().clearLimits();
  if (writer.impl().durability() != config.durability) resetDurability(writer.impl());
  if (writer.impl().needsRestore()) restoreState(writer, SlotTable::kWriter, false);
}

ConnectionPool::Core::Ended ConnectionPool::Core::commitGroup(Connection& writer, GroupMember* self,
                                                              bool withPosts) noexcept {
  Connection::Impl& impl = writer.impl();
  Ended ended;
  endHolder(impl);
  if (withPosts && impl.canCommit() && !impl.hasChangedState() && !group.isAlone()) runPosted(writer, ended.tasks);
  const auto start = SteadyClock::now();
  const CommitResult result = impl.canCommit() ? commitOnce(impl) : undoneByOthers(impl);
  ended.result = result;
  std::vector<GroupMember*> members = group.takeMembers();
  const auto succeeded =
      std::count_if(ended.tasks.begin(), ended.tasks.end(), [](const auto& task) { return task->failure == nullptr; });
  const std::size_t transactions = members.size() + static_cast<std::size_t>(succeeded) + (self != nullptr ? 1 : 0);
  // The handle has counted one.
  if (transactions > 1) {
    (result.outcome == CommitOutcome::Done ? counters.pastCommitted : counters.pastRolledBack).add(transactions - 1);
  }
  group.end(members.size() + (self != nullptr ? 1 : 0), SteadyClock::now() - start);
  if (self != nullptr) self->result = result;
  if (transactions > 0 && result.outcome == CommitOutcome::Done) {
    counters.noteGroup(transactions, group.durability() == Durability::Full);
  }
  ended.members = std::move(members);
  repeatPosted(ended);
  settledPosts.fetch_add(ended.tasks.size());
  // Copying the log takes its time: nobody should wait for it.
  if (checkpoints.due(impl.walPages.load(std::memory_order_relaxed))) tellMembers(ended);
  return ended;
}

void ConnectionPool::Core::tellMembers(Ended& ended) noexcept {
  for (GroupMember* member : ended.members) {
    port::Parker& thread = *member->thread;
    member->result = ended.result;
    member->ended.store(true, std::memory_order_release);  // From here on the member may be gone.
    thread.tell();
  }
  ended.members.clear();
}

// The holder has had its say; others have changes in the transaction. A handle that was forced back is replaced
// afterwards.
void ConnectionPool::Core::endHolder(Connection::Impl& writer) noexcept {
  if (writer.isRevoked()) writer.broken = true;
  writer.lease = 0;
}

CommitResult ConnectionPool::Core::commitOnce(Connection::Impl& writer) noexcept {
  const auto start = SteadyClock::now();
  CommitResult result{CommitOutcome::Unknown, nullptr};
  const sqlite_memory::HeapReserve reserve;
  endHolder(writer);
  try {
    std::optional<Error> error;
    std::uint64_t mark = 0;
    try {
      mark = writer.commitMark();
      // GCOVR_EXCL_START: only without a log is the mark read from the file, where the tests of firmware see it fail.
    } catch (const Error& failure) {
      writer.rollback();  // COMMIT has not been tried.
      result.error = share(failure);
      result.outcome = CommitOutcome::NotDone;
      return result;
    }
    // GCOVR_EXCL_STOP
    result.outcome = commitAndSync(writer, error);
    if (result.outcome == CommitOutcome::Unknown) result.outcome = resolveOutcome(writer, mark);
    if (storage.state() != StorageState::Ok && result.outcome == CommitOutcome::Done && writer.commitMark() != mark) {
      storage.noteWritten();
    }
    if (result.outcome != CommitOutcome::Done) result.error = share(*error);
  } catch (const std::exception&) {
    writer.broken = true;  // For want of memory: no more is known.
  }
  counters.commitLatency.record(SteadyClock::now() - start);
  return result;
}

CommitOutcome ConnectionPool::Core::commitAndSync(Connection::Impl& writer, std::optional<Error>& error) {
  const CommitOutcome outcome = writer.commit(error);
  if (outcome != CommitOutcome::Done || group.durability() != Durability::Full ||
      writer.durability() == Durability::Full) {
    return outcome;
  }
  try {
    writer.syncLog();
    if (writer.files.look()) return CommitOutcome::Done;
    error = writer.goneError();
    return CommitOutcome::Unknown;
  } catch (const Error& failure) {
    error = failure;
    return CommitOutcome::Unknown;
  }
}

// A COMMIT that failed while it wrote or synced. What it wrote may still be read back as committed after a crash, until
// it is written over; and a page whose sync failed is not written by a later one. So first everything that is committed
// goes into the database, which is synced; then another commit takes the place of the failed one. What succeeds in this
// decides; where it fails too, nobody can know.
//
// Without a log whoever begins next undoes the failed commit, unless it had ended its journal already. Once we have begun
// nobody else commits: the counter in the file says which of the two it was, and our commit makes that certain. But where
// there are other processes, one of them may have begun, undone it and committed before: the counter is the same then.
CommitOutcome ConnectionPool::Core::resolveOutcome(Connection::Impl& writer, std::uint64_t markBefore) noexcept {
  try {
    if (!writer.files.look()) return CommitOutcome::Unknown;
    if (kHasThreads) {
      if (!writer.checkpoint(CheckpointMode::Passive, SteadyTime::max()).complete) return CommitOutcome::Unknown;
      if (writer.commitMark() != markBefore) return CommitOutcome::Done;
    }
    if (writer.overwriteFailedCommit() == markBefore) return CommitOutcome::NotDone;
    return port::hasOtherProcesses() ? CommitOutcome::Unknown : CommitOutcome::Done;
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

std::optional<ConnectionPool::Core::Ended> ConnectionPool::Core::leaveGroup(Connection& writer) noexcept {
  writer.impl().clearLimits();
  if (handOver(writer, nullptr)) return std::nullopt;
  return commitGroup(writer, nullptr);
}

}  // namespace holdfast
