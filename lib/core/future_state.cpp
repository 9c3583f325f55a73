#include <holdfast/detail/future_state.hpp>
#include <holdfast/error.hpp>

#include "core/port/mutex.hpp"

namespace holdfast::detail {
namespace {

/// A thread that waits for a result. Lives on its stack.
class BlockedThread final : public Continuation {
 public:
  void resume() noexcept override {
    const port::LockGuard guard(mutex_);
    resumed_ = true;
    condition_.notifyOne();  // Under the lock: once it is free, the object may be gone.
  }
  void wait() {
    port::LockGuard guard(mutex_);
    while (!resumed_) condition_.wait(guard);
  }
  bool waitUntil(std::chrono::steady_clock::time_point deadline) {
    port::LockGuard guard(mutex_);
    while (!resumed_) {
      if (!condition_.waitUntil(guard, deadline)) return resumed_;
    }
    return true;
  }

 private:
  port::Mutex mutex_;
  port::Condition condition_;
  bool resumed_ HOLDFAST_GUARDED_BY(mutex_) = false;
};

}  // namespace

void FutureState::wait() {
  if (ready()) return;
  BlockedThread thread;
  if (subscribe(thread)) thread.wait();
}

bool FutureState::waitUntil(std::chrono::steady_clock::time_point deadline) {
  if (ready()) return true;
  BlockedThread thread;
  if (!subscribe(thread) || thread.waitUntil(deadline)) return true;
  if (unsubscribe(thread)) return false;
  thread.wait();  // It is being resumed: the object must stay until that is over.
  return true;
}

bool FutureState::subscribe(Continuation& continuation) {
  void* found = nullptr;
  if (word_.compare_exchange_strong(found, &continuation, std::memory_order_acq_rel, std::memory_order_acquire)) {
    return true;
  }
  if (found == this) return false;
  throw Error(ErrorCode::Misuse, "another thread waits for this future already");
}

bool FutureState::unsubscribe(Continuation& continuation) noexcept {
  void* found = &continuation;
  return word_.compare_exchange_strong(found, nullptr, std::memory_order_acq_rel, std::memory_order_acquire);
}

void FutureState::complete() noexcept {
  void* const found = word_.exchange(this, std::memory_order_acq_rel);
  if (found != nullptr) static_cast<Continuation*>(found)->resume();
}

void FutureState::requireIncomplete() const {
  if (ready()) throw Error(ErrorCode::Misuse, "the promise has a result already");
}

void FutureState::throwFailure() {
  if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  throw Error(ErrorCode::PoolClosed, "the work was dropped before it had a result: the pool was closed");
}

void throwNoFutureState() {
  throw Error(ErrorCode::Misuse, "the future has no result to come: it was moved from, or its result was taken");
}

}  // namespace holdfast::detail
