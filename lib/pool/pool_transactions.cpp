// Running transactions and single writes, again where contention allows it.

#include <algorithm>

#include "core/port/process.hpp"
#include "core/port/thread.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

using SteadyClock = std::chrono::steady_clock;

}  // namespace

ConnectionPool::Core::Patience ConnectionPool::Core::patienceFor(const TransactionOptions& options) const {
  const port::LockGuard guard(mutex);
  Patience patience{config.retry,
                    SteadyClock::now() + std::min<std::chrono::milliseconds>(
                                             options.timeout.value_or(config.acquireTimeout), kLongestWait)};
  if (options.maxRetries) patience.policy.maxRetries = *options.maxRetries;
  return patience;
}

template <typename Attempt>
void ConnectionPool::Core::retry(const Patience& patience, Attempt attempt) {
  for (int retries = 0;; ++retries) {
    const std::optional<Error> contention = attempt();
    if (!contention) return;
    const auto pause = patience.policy.delayBefore(retries, *contention, memoryStage.load(std::memory_order_relaxed),
                                                   port::randomUnit());
    if (!pause || SteadyClock::now() + *pause >= patience.deadline) {
      throw Error(*contention).addFrame("given up after " + std::to_string(retries + 1) + " attempts");
    }
    counters.retries.add();
    port::sleepFor(*pause);
  }
}

void ConnectionPool::Core::runTransaction(const Work& work, const TransactionOptions& options, const Holder& holder) {
  requireOwnProcess();
  checkResourceLimits();
  const SteadyTime start = SteadyClock::now();
  const Patience patience = patienceFor(options);
  retry(patience, [&] { return attemptTransaction(work, options, holder, patience.deadline); });
  transactionLatency.record(SteadyClock::now() - start);
}

std::optional<Error> ConnectionPool::Core::attemptTransaction(const Work& work, const TransactionOptions& options,
                                                              const Holder& holder, SteadyTime deadline) {
  bool committed = false;
  try {
    Transaction tx = beginOnce(options, holder, deadline);
    try {
      work(tx);
      tx.finish();
    } catch (...) {
      committed = tx.phase_ == Transaction::Phase::Committed;  // By the callback itself: it must not run again.
      throw;
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Busy || committed) throw;
    return error;
  }
  return std::nullopt;
}

Transaction ConnectionPool::Core::beginOnce(const TransactionOptions& options, const Holder& holder,
                                            SteadyTime deadline) {
  PooledConnection lease = acquire(Access::Write, timeLeft(deadline), holder);
  Connection::Impl& impl = lease->impl();
  if (options.durability) impl.setDurability(*options.durability);
  const Connection::Impl::LockWaitLimit limit(impl, timeLeft(deadline));
  Transaction tx(*lease);  // Where it throws, the limit is lifted before the lease ends.
  tx.lease_ = std::move(lease);
  return tx;
}

Transaction ConnectionPool::Core::begin(const TransactionOptions& options, const Holder& holder) {
  requireOwnProcess();
  checkResourceLimits();
  const Patience patience = patienceFor(options);
  std::optional<Transaction> begun;
  retry(patience, [&]() -> std::optional<Error> {
    try {
      begun.emplace(beginOnce(options, holder, patience.deadline));
      return std::nullopt;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Busy) throw;
      return error;
    }
  });
  return std::move(*begun);
}

RunResult ConnectionPool::Core::run(const Sql& sql, std::span<const ValueView> values, const Holder& holder) {
  requireOwnProcess();
  checkResourceLimits();
  const Patience patience = patienceFor({});
  RunResult result;
  retry(patience, [&]() -> std::optional<Error> {
    try {
      const PooledConnection lease = acquire(Access::Write, timeLeft(patience.deadline), holder);
      const Connection::Impl::LockWaitLimit limit(lease->impl(), timeLeft(patience.deadline));
      result = lease->runBound(sql, values);
      return std::nullopt;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Busy) throw;
      return error;
    }
  });
  return result;
}

}  // namespace holdfast
