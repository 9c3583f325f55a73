// Running transactions and single writes, again where contention allows it.

#include <algorithm>
#include <array>
#include <utility>

#include "connection/sqlite_error.hpp"
#include "core/port/process.hpp"
#include "core/port/thread.hpp"
#include "core/text.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

// Whether a statement can be carried out inside of a transaction: PRAGMA and VACUUM mean something else there, or fail.
bool mayShareTransaction(std::string_view sql) noexcept {
  static constexpr std::array<std::string_view, 5> kWords{"insert", "update", "delete", "replace", "with"};
  // The letters of SQL's words are ASCII, where the cases differ in one bit.
  const auto begins = [sql](std::string_view word) {
    return sql.size() > word.size() &&
           std::equal(word.begin(), word.end(), sql.begin(), [](char a, char b) { return a == (b | 0x20); });
  };
  return std::any_of(kWords.begin(), kWords.end(), begins);
}

// In steps, so that a stop is noticed.
void pauseFor(std::chrono::nanoseconds pause, const StopToken& cancel) {
  constexpr std::chrono::milliseconds kStep{10};
  const auto end = SteadyClock::now() + pause;
  for (auto left = pause; left.count() > 0; left = end - SteadyClock::now()) {
    if (cancel.stop_requested()) {
      throw Error(ErrorCode::Interrupted, "cancelled by its stop token before another attempt");
    }
    port::sleepFor(cancel.stop_possible() ? std::min<std::chrono::nanoseconds>(left, kStep) : left);
  }
}

// Phases are timed in one transaction out of so many, with that weight.
constexpr std::uint64_t kSampleTransaction = 61;

}  // namespace

/// What one run of a transaction spent its time on.
class ConnectionPool::Core::Phases {
 public:
  explicit Phases(SteadyTime start) noexcept : start_(start), acquired_(start), begun_(start) {}
  void acquired() noexcept { acquired_ = begun_ = SteadyClock::now(); }
  /// `number`: of the transaction.
  void begun(PoolCounters& figures, std::uint64_t number) noexcept {
    begun_ = SteadyClock::now();
    sampled_ = number % kSampleTransaction == 0;
    if (sampled_) figures.lockLatency.record(begun_ - acquired_, kSampleTransaction);
  }
  void executed(PoolCounters& figures) const noexcept {
    if (sampled_) figures.executionLatency.record(SteadyClock::now() - begun_, kSampleTransaction);
  }
  /// Says in an error that has to do with time where the time went.
  void explain(Error& error) const {
    if (error.code() == ErrorCode::Timeout || error.code() == ErrorCode::PoolExhausted ||
        error.code() == ErrorCode::Busy) {
      addFrameIfPossible(error, [this] { return "transaction (" + text() + ")"; });
    }
  }

 private:
  /// "3 ms in line, 1 ms for the lock, 246 ms executing"
  std::string text() const {
    const auto now = SteadyClock::now();
    if (acquired_ == start_) return "all of " + formatDuration(now - start_) + " in line";
    std::string text = formatDuration(acquired_ - start_) + " in line, ";
    if (begun_ == acquired_) return text + formatDuration(now - acquired_) + " for the lock";
    return text + formatDuration(begun_ - acquired_) + " for the lock, " + formatDuration(now - begun_) + " executing";
  }

  SteadyTime start_;
  SteadyTime acquired_;
  SteadyTime begun_;
  bool sampled_ = false;
};

ConnectionPool::Core::Patience ConnectionPool::Core::patienceFor(const TransactionOptions& options) const {
  const port::LockGuard guard(mutex);
  return patienceSince(SteadyClock::now(), options);
}

ConnectionPool::Core::Patience ConnectionPool::Core::patienceSince(SteadyTime start,
                                                                   const TransactionOptions& options) const {
  Patience patience{
      config.retry,
      start + std::min<std::chrono::milliseconds>(options.timeout.value_or(config.acquireTimeout), kLongestWait),
      options.cancel};
  if (options.maxRetries) patience.policy.maxRetries = *options.maxRetries;
  return patience;
}

template <typename Run>
void ConnectionPool::Core::repeatWithRoom(Run run, const Patience& patience, const bool& final) {
  const auto foundNone = [&](bool last) {
    try {
      run();
      return false;
    } catch (const Error& error) {
      if (last || final || !isOutOfMemory(error)) throw;
      return true;
    }
  };
  if (!foundNone(patience.policy.maxRetries == 0)) return;
  {
    const Alone room(*this, patience.deadline, false);
    if (!foundNone(!room)) return;
  }
  const Alone room(*this, patience.deadline, true);
  foundNone(true);
}

template <typename Attempt>
void ConnectionPool::Core::retry(const Patience& patience, Attempt attempt) {
  for (int retries = 0;; ++retries) {
    const std::optional<Error> contention = attempt();
    if (!contention) return;
    // Who was undone because of others, perhaps for want of memory, is not to pay for it under pressure.
    const bool byOthers = contention->sqliteCode() == 0;
    const MemoryStage stage = byOthers ? MemoryStage::Normal : memoryStage.load(std::memory_order_relaxed);
    const auto pause = patience.policy.delayBefore(retries, *contention, stage, port::randomUnit());
    if (!pause || SteadyClock::now() + *pause >= patience.deadline) {
      Error error(*contention);
      throw addFrameIfPossible(error, [&] { return "given up after " + std::to_string(retries + 1) + " attempts"; });
    }
    counters.retries.add();
    pauseFor(*pause, patience.cancel);
  }
}

void ConnectionPool::Core::runTransaction(const Work& work, const TransactionOptions& options, const Holder& holder) {
  requireOwnProcess();
  const SteadyTime start = SteadyClock::now();
  const Patience patience = patienceFor(options);
  checkResourceLimits(options.priority, options.timeout);
  // Run again, it may be that another one in the group made SQLite undo them all: not with others then.
  bool alone = patience.policy.maxRetries == 0;
  bool committed = false;
  const auto run = [&] {
    retry(patience, [&] {
      return attemptTransaction(work, options, holder, patience.deadline, std::exchange(alone, true), committed);
    });
  };
  repeatWithRoom(run, patience, committed);
  counters.transactionLatency.record(SteadyClock::now() - start);
}

std::optional<Error> ConnectionPool::Core::attemptTransaction(const Work& work, const TransactionOptions& options,
                                                              const Holder& holder, SteadyTime deadline, bool alone,
                                                              bool& committed) {
  Phases phases(SteadyClock::now());
  try {
    Transaction tx = beginOnce(options, holder, deadline, alone ? Company::Alone : Company::Join, phases);
    try {
      {
        const InsideTransaction inside(this);
        work(tx);
      }
      phases.executed(counters);
      tx.finish();
    } catch (...) {
      committed = tx.phase_ == Transaction::Phase::Committed;  // By the callback itself: it must not run again.
      throw;
    }
  } catch (Error& error) {
    phases.explain(error);
    if (error.code() != ErrorCode::Busy || committed) throw;
    return error;
  }
  return std::nullopt;
}

Durability ConnectionPool::Core::carriedOutAt(Durability wanted) const noexcept {
  if (config.durability == Durability::Off) return wanted;
  return wanted == Durability::Full ? config.durability : Durability::Normal;
}

Transaction ConnectionPool::Core::beginOnce(const TransactionOptions& options, const Holder& holder,
                                            SteadyTime deadline, Company company, Phases& phases) {
  PooledConnection lease = acquire({.timeout = timeLeft(deadline),
                                    .holder = holder,
                                    .mayJoin = company == Company::Join,
                                    .keepsView = true,
                                    .priority = options.priority,
                                    .cancel = &options.cancel});
  phases.acquired();
  Connection::Impl& impl = lease->impl();
  using Limits = Connection::Impl::Limits;
  impl.setLimits({.lockDeadline = deadline,
                  .deadline = options.timeout ? deadline : Limits::Time::max(),
                  .cancel = options.cancel,
                  .maxBytes = config.maxTransactionBytes});
  const Durability wanted = options.durability.value_or(config.durability);
  if (group.empty()) {
    storage.admit(*lease, options.priority == Priority::Control);
    makeRoomInLog(*lease, deadline);
    impl.setDurability(carriedOutAt(wanted));
    group.begin(wanted, SteadyClock::now(), impl.payloadBytes.value(), company == Company::Alone);
  } else {
    group.join(wanted);
  }
  Transaction tx(std::move(lease), *this);
  phases.begun(counters, table[SlotTable::kWriter].leases);
  return tx;
}

Transaction ConnectionPool::Core::begin(const TransactionOptions& options, const Holder& holder) {
  requireOwnProcess();
  const Patience patience = patienceFor(options);
  checkResourceLimits(options.priority, options.timeout);
  std::optional<Transaction> begun;
  retry(patience, [&]() -> std::optional<Error> {
    Phases phases(SteadyClock::now());
    try {
      // Nobody knows when it will end: it does not keep others waiting for their COMMIT.
      begun.emplace(beginOnce(options, holder, patience.deadline, Company::Lead, phases));
      return std::nullopt;
    } catch (Error& error) {
      phases.explain(error);
      if (error.code() != ErrorCode::Busy) throw;
      return error;
    }
  });
  return std::move(*begun);
}

RunResult ConnectionPool::Core::run(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit,
                                    const CallOptions& options, const Holder& holder) {
  requireOwnProcess();
  checkResourceLimits(options.priority, options.timeout);
  const SteadyTime start = SteadyClock::now();
  bool delivered = false;
  auto note = [&](const RowView& row) {
    delivered = true;
    return visit(row);
  };
  try {
    return runOnce(sql, values, detail::RowVisitor(note), options, holder, true);
  } catch (const Error& error) {
    if (!isOutOfMemory(error) || delivered || options.maxRetries.value_or(1) == 0) throw;
  }
  RunResult result;
  const auto again = [&] {
    result = runOnce(sql, values, detail::RowVisitor(note), restOf(options, start), holder, false);
  };
  repeatWithRoom(again, patienceFor({.timeout = restOf(options, start).timeout, .maxRetries = options.maxRetries}),
                 delivered);
  return result;
}

RunResult ConnectionPool::Core::runOnce(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit,
                                        const CallOptions& options, const Holder& holder, bool mayKeepView) {
  const SteadyTime start = SteadyClock::now();
  const TransactionOptions bounds{
      .timeout = options.timeout, .maxRetries = options.maxRetries, .cancel = options.cancel};
  Patience patience;  // Known once a handle is leased: the settings stay what they are from there on.
  const bool changesRows = mayShareTransaction(sql.text());
  // Run again, it may be that another one in the group made SQLite undo them all: not with others then.
  bool mayShare = changesRows && options.maxRetries.value_or(1) > 0;
  bool first = true;
  RunResult result;
  retry(patience, [&]() -> std::optional<Error> {
    try {
      PooledConnection lease = acquire({.timeout = first ? options.timeout : timeLeft(patience.deadline),
                                        .holder = holder,
                                        .mayJoin = mayShare,
                                        .keepsView = changesRows && mayKeepView,
                                        .priority = options.priority,
                                        .cancel = &options.cancel});
      if (std::exchange(first, false)) patience = patienceSince(start, bounds);
      lease->impl().setLimits({.lockDeadline = patience.deadline,
                               .deadline = options.timeout ? patience.deadline : SteadyTime::max(),
                               .cancel = options.cancel,
                               .maxBytes = changesRows ? config.maxTransactionBytes : 0});
      if (group.empty()) {
        if (changesRows) storage.admit(*lease, options.priority == Priority::Control);
        makeRoomInLog(*lease, patience.deadline);
      }
      if (!mayShare || !hasCompany()) {
        const std::uint64_t logged = lease->impl().loggedPages.value();
        result = lease->runReturningBound(sql, values, visit);
        if (storage.state() != StorageState::Ok && lease->impl().loggedPages.value() != logged) storage.noteWritten();
        return std::nullopt;
      }
      if (group.empty()) group.begin(config.durability, SteadyClock::now(), lease->impl().payloadBytes.value());
      group.join(config.durability);
      Transaction tx(std::move(lease), *this);
      result = tx.runReturningBound(sql, values, visit);
      tx.commit();
      return std::nullopt;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Busy) throw;
      if (std::exchange(first, false)) patience = patienceFor(bounds);
      mayShare = false;
      return error;
    }
  });
  return result;
}

}  // namespace holdfast
