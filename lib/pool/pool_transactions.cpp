// Running a transaction callback, again where contention allows it.

#include "core/port/process.hpp"
#include "core/port/thread.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {

void ConnectionPool::Core::runTransaction(const Work& work, const TransactionOptions& options, const Holder& holder) {
  requireOwnProcess();
  checkResourceLimits();
  RetryPolicy policy;
  std::chrono::milliseconds timeout{0};
  {
    const port::LockGuard guard(mutex);
    policy = config.retry;
    timeout = options.timeout.value_or(config.acquireTimeout);
  }
  if (options.maxRetries) policy.maxRetries = *options.maxRetries;
  const SteadyTime start = std::chrono::steady_clock::now();
  const SteadyTime deadline = start + timeout;
  for (int retry = 0;; ++retry) {
    const std::optional<Error> contention = attemptTransaction(work, options, holder, deadline);
    const SteadyTime now = std::chrono::steady_clock::now();
    if (!contention) {
      transactionLatency.record(now - start);
      return;
    }
    const auto pause =
        policy.delayBefore(retry, *contention, memoryStage.load(std::memory_order_relaxed), port::randomUnit());
    if (!pause || now + *pause >= deadline) throw Error(*contention);
    counters.retries.add();
    port::sleepFor(*pause);
  }
}

std::optional<Error> ConnectionPool::Core::attemptTransaction(const Work& work, const TransactionOptions& options,
                                                              const Holder& holder, SteadyTime deadline) {
  bool begun = false;
  bool committed = false;
  std::optional<Error> contention;
  try {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const PooledConnection lease = acquire(Access::Write, std::max(left, std::chrono::milliseconds{0}), holder);
    if (options.durability) lease->impl().setDurability(*options.durability);
    Transaction tx(*lease);
    begun = true;
    try {
      work(tx);
      tx.finish();
      committed = tx.phase_ == Transaction::Phase::Committed;
    } catch (...) {
      committed = tx.phase_ == Transaction::Phase::Committed;  // By the callback itself: it must not run again.
      throw;
    }
  } catch (const Error& error) {
    if (begun && !committed) counters.rolledBack.add();
    if (error.code() != ErrorCode::Busy || committed) throw;
    return error;
  } catch (...) {
    if (begun && !committed) counters.rolledBack.add();
    throw;
  }
  (committed ? counters.committed : counters.rolledBack).add();
  return std::nullopt;
}

}  // namespace holdfast
