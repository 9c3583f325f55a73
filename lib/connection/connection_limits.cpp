// What bounds a running statement: deadlines, cancellation, revoked leases, memory, and the waits for other processes.

#include <algorithm>
#include <utility>

#include "connection/connection_impl.hpp"
#include "core/port/thread.hpp"
#include "core/steady_clock.hpp"

namespace holdfast {

void Connection::Impl::setLimits(Limits limits) noexcept {
  limits_ = std::move(limits);
  limited_ = limits_.deadline != Limits::Time::max() || limits_.maxBytes > 0 || limits_.cancel.stop_possible();
  if (limits_.maxBytes > 0) bytesBefore_ = handleBytes();
}

// Cache and statements, and the pages that were moved out to the log since the handle was opened: they make room in the
// cache, which stays as large.
std::int64_t Connection::Impl::handleBytes() const noexcept {
  const auto status = [&](int what) {
    int value = 0;
    int peak = 0;
    sqlite3_db_status(handle, what, &value, &peak, 0);
    return static_cast<std::int64_t>(value);
  };
  return status(SQLITE_DBSTATUS_CACHE_USED) + status(SQLITE_DBSTATUS_STMT_USED) +
         status(SQLITE_DBSTATUS_CACHE_SPILL) * profile.pageSize;
}

Connection::Impl::Stop Connection::Impl::stopReason() const noexcept {
  if (isRevoked()) return Stop::Revoked;
  if (!limited_) return Stop::No;
  if (limits_.cancel.stop_requested()) return Stop::Cancelled;
  if (limits_.deadline != Limits::Time::max() && SteadyClock::now() >= limits_.deadline) return Stop::TooLate;
  const bool measures = limits_.maxBytes > 0 && (inTransaction() || running > 0);
  return measures && handleBytes() - bytesBefore_ > limits_.maxBytes ? Stop::TooLarge : Stop::No;
}

void Connection::Impl::throwStopped(Stop reason) const {
  switch (reason) {
    case Stop::No: return;
    case Stop::Revoked: throw Error(ErrorCode::LeaseRevoked, "the lease was held too long and has been forced back");
    case Stop::Cancelled: throw Error(ErrorCode::Interrupted, "cancelled by its stop token");
    case Stop::TooLate: throw Error(ErrorCode::Timeout, "the deadline passed before everything was carried out");
    case Stop::TooLarge: break;
  }
  throw Error(ErrorCode::MemoryLimit,
              "the transaction takes more pages and statements than maxTransactionBytes allows (" +
                  std::to_string(limits_.maxBytes) + " bytes): make it smaller");
}

void Connection::Impl::checkLimits() const { throwStopped(stopReason()); }

// SQLite calls it every thousand instructions of a statement.
int Connection::Impl::shouldStop(void* self) noexcept {
  auto& impl = *static_cast<Impl*>(self);
  if (impl.heavyEpoch_ != HeavyStatements::epoch()) impl.spareCache();
  const Stop reason = impl.stopReason();
  // It calls once more when a statement is over: what has taken effect is not to be reported as stopped.
  if (reason == Stop::No || (impl.stepping_ != nullptr && sqlite3_stmt_busy(impl.stepping_) == 0)) return 0;
  impl.stopped_ = reason;
  return 1;
}

// In the middle of a statement: what SQLite still needs of the cache it has pinned (it is the same that a build with
// ENABLE_MEMORY_MANAGEMENT does at any allocation).
void Connection::Impl::spareCache() noexcept {
  heavyEpoch_ = HeavyStatements::epoch();
  sqlite3_db_release_memory(handle);
}

// A handle that waits is one that others cannot have: the write handle does not wait at all, for it is what the others
// may be waiting for.
Connection::Impl::Limits::Time Connection::Impl::heavyPatience() const noexcept {
  constexpr std::chrono::milliseconds kWithHandle{250};
  if (profile.access == Access::Write) return Limits::Time::min();
  return std::min(limits_.deadline, SteadyClock::now() + kWithHandle);
}

void Connection::Impl::noteWeight(const CachedStatement& statement) noexcept {
  // A sort of so many steps collects about as much as fits before it spills.
  constexpr int kManySteps = 20'000;
  const int sorts = sqlite3_stmt_status(statement.handle, SQLITE_STMTSTATUS_SORT, 1);
  const int indexes = sqlite3_stmt_status(statement.handle, SQLITE_STMTSTATUS_AUTOINDEX, 1);
  if (sorts == 0 && indexes == 0) return;
  if (sqlite3_stmt_status(statement.handle, SQLITE_STMTSTATUS_VM_STEP, 1) < kManySteps) return;
  HeavyStatements::learn(statement.hash);
}

// SQLite's own handler knows no deadline but its own, cannot be cancelled, and comes to sleep for 100 ms at a time: beside
// a process that writes without a pause it misses most of the gaps between two commits.
int Connection::Impl::waitForLock(void* self, int attempt) noexcept {
  using std::chrono::nanoseconds;
  static constexpr nanoseconds kShortest = std::chrono::microseconds{250};
  static constexpr nanoseconds kLongest = std::chrono::milliseconds{2};
  auto& impl = *static_cast<Impl*>(self);
  const auto now = SteadyClock::now();
  if (attempt == 0) impl.lockWaitBegan_ = now;
  if (impl.isRevoked() || impl.limits_.cancel.stop_requested()) return 0;
  const auto end =
      std::min({impl.lockWaitBegan_ + impl.profile.busyTimeout, impl.limits_.lockDeadline, impl.limits_.deadline});
  if (now >= end) return 0;
  const nanoseconds pause = std::clamp<nanoseconds>((now - impl.lockWaitBegan_) / 20, kShortest, kLongest);
  port::sleepFor(std::min<nanoseconds>(pause, end - now));
  return 1;
}

int Connection::Impl::noteLog(void* self, sqlite3* /*handle*/, const char* /*database*/, int pages) noexcept {
  auto& impl = *static_cast<Impl*>(self);
  const int before = impl.walPages.exchange(pages, std::memory_order_relaxed);
  // A log that has become shorter was begun anew.
  impl.loggedPages.add(static_cast<std::uint64_t>(pages > before ? pages - before : pages));
  if (impl.committing_) ++impl.timesLogged_;  // VACUUM's own COMMIT calls no commit hook: it counts as somebody else's.
  return SQLITE_OK;
}

int Connection::Impl::noteCommit(void* self) noexcept {
  auto& impl = *static_cast<Impl*>(self);
  // Through the native handle anything may have been written.
  impl.endCommit();  // Of an earlier one, through the native handle.
  impl.committedTables_ = impl.nativeHandleGiven_ ? kAllTables : impl.touched_ | impl.guard.notedWrites();
  impl.committing_ = true;
  impl.profile.changes->beginCommit(impl.committedTables_);
  return 0;
}

void Connection::Impl::tellCommit() noexcept {
  committing_ = false;
  touched_ = 0;
  profile.changes->endCommit(committedTables_, std::exchange(timesLogged_, 0),
                             static_cast<std::uint32_t>(walPages.load(std::memory_order_relaxed)));
}

}  // namespace holdfast
