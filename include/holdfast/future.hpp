#pragma once

#include <chrono>
#include <coroutine>
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

#include <holdfast/detail/future_state.hpp>

namespace holdfast {

namespace detail {
template <typename T>
class Promise;
}

/// The result of work that another thread does. `T` may be void or move-only.
///
///     const int rows = future.get();                   // Blocks this thread.
///     const int rows = co_await std::move(future);     // Suspends this coroutine.
///
/// Work that is dropped unrun, because the pool was closed, gives Error{PoolClosed}: nobody waits for ever. A future
/// that goes before its work is done neither waits for it nor cancels it. A result that nobody takes is destroyed with
/// the last of the two sides, on that thread. One thread at a time may use a future; a second one that waits gets
/// Error{Misuse}. A thread that does such work itself should not block on a future: it may be the thread that the work
/// waits for.
template <typename T>
class Future {
  static_assert(!std::is_reference_v<T> && !std::is_const_v<T>, "A future holds a value: use a pointer or a copy.");

 public:
  /// One without a result to come: valid() is false.
  Future() noexcept = default;
  Future(Future&&) noexcept = default;
  Future& operator=(Future&&) noexcept = default;
  ~Future() = default;

  /// Whether a result can be taken: false after get(), co_await and a move.
  bool valid() const noexcept { return state_ != nullptr; }
  /// Whether get() would not block. False where valid() is.
  bool ready() const noexcept { return state_ != nullptr && state_->ready(); }

  /// Blocks until the work is done. Throws Error{Misuse} where valid() is false.
  void wait() const { required().wait(); }
  /// Blocks for `timeout` at the longest; zero or less looks and does not block. Returns ready(). Throws Error{Misuse}
  /// where valid() is false.
  bool waitFor(std::chrono::milliseconds timeout) const {
    using Steady = std::chrono::steady_clock;
    detail::FutureState& state = required();
    if (timeout <= timeout.zero()) return state.ready();
    const Steady::time_point now = Steady::now();
    const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::time_point::max() - now);
    return state.waitUntil(timeout < longest ? now + timeout : Steady::time_point::max());
  }

  /// Blocks until the work is done, without a limit: waitFor() has one. Returns what the work returned or throws what
  /// it threw, once: after that it is Error{Misuse}.
  T get() {
    required().wait();
    const detail::StateReference<T> state = std::move(state_);
    if (!state->value) state->throwFailure();
    if constexpr (!std::is_void_v<T>) return std::move(*state->value);
  }

  /// For co_await on a future that is moved or just made. Goes on at once where the result is there; otherwise the
  /// coroutine is resumed by the thread that completes the work, inside of it: the worker, or for work that is dropped
  /// the thread that closes the pool. It should not block there. What it lets out of resume() ends the process. A
  /// coroutine may be destroyed while it waits, but not while the work is just being completed.
  auto operator co_await() && noexcept { return Awaiter(std::move(*this)); }

 private:
  friend class detail::Promise<T>;

  /// Lives in the frame of the coroutine, which goes with it.
  class Awaiter final : detail::Continuation {
   public:
    explicit Awaiter(Future&& future) noexcept : future_(std::move(future)) {}
    ~Awaiter() {
      if (future_.state_) future_.state_->unsubscribe(*this);
    }
    bool await_ready() const noexcept { return !future_.valid() || future_.ready(); }
    bool await_suspend(std::coroutine_handle<> coroutine) {
      coroutine_ = coroutine;
      return future_.state_->subscribe(*this);  // Another thread may have resumed and ended the coroutine here.
    }
    T await_resume() { return future_.get(); }

   private:
    void resume() noexcept override { std::coroutine_handle<>(coroutine_).resume(); }

    Future future_;
    std::coroutine_handle<> coroutine_;
  };

  explicit Future(detail::StateReference<T> state) noexcept : state_(std::move(state)) {}
  detail::SharedState<T>& required() const {
    if (!state_) detail::throwNoFutureState();
    return *state_;
  }

  detail::StateReference<T> state_;
};

namespace detail {

/// The side of a future that does the work. Used by one thread at a time, which need not be the future's.
///
/// A promise that goes without a result completes its future with Error{PoolClosed}. Completing resumes the coroutine
/// that waits before it returns, so nothing should be held or locked meanwhile.
template <typename T>
class Promise {
 public:
  /// The one allocation.
  Promise() : state_(new SharedState<T>) {}
  Promise(Promise&&) noexcept = default;
  Promise& operator=(Promise&& other) noexcept {
    if (this != &other) {
      drop();
      state_ = std::move(other.state_);
      futureTaken_ = other.futureTaken_;
    }
    return *this;
  }
  ~Promise() { drop(); }

  /// The other side, before or after the result. Error{Misuse} for a second one.
  Future<T> future() {
    if (!state_ || std::exchange(futureTaken_, true)) throwNoFutureState();
    state_->addReference();
    return Future<T>(StateReference<T>(state_.get()));
  }

  /// Completes with a value made of `args`; none for void. Error{Misuse} where there is a result. Where making the
  /// value throws, the promise is as before.
  template <typename... Args>
  void emplace(Args&&... args) {
    incomplete().value.emplace(std::forward<Args>(args)...);
    state_->complete();
  }
  template <typename U = T>
    requires(!std::is_void_v<T>)
  void setValue(U&& value) {
    emplace(std::forward<U>(value));
  }
  void setValue()
    requires std::is_void_v<T>
  {
    emplace();
  }
  /// Completes with an exception, which must not be null. Error{Misuse} where there is a result. Hand over the only
  /// reference and leave the catch block first, or two threads share the exception object.
  void setException(std::exception_ptr failure) {
    incomplete().failure = std::move(failure);
    state_->complete();
  }
  /// Runs `work()` and completes with what it returns or throws. Error{Misuse}, and it is not run, where there is a
  /// result.
  template <typename F>
    requires std::is_invocable_r_v<T, F&>
  void fulfil(F&& work) {
    SharedState<T>& state = incomplete();
    try {
      if constexpr (std::is_void_v<T>) {
        std::invoke(work);
        state.value.emplace();
      } else {
        state.value.emplace(std::invoke(work));
      }
    } catch (...) {
      state.failure = std::current_exception();
    }
    state.complete();  // Outside of the handler, where this thread has let go of the exception.
  }

 private:
  SharedState<T>& incomplete() const {
    if (!state_) throwNoFutureState();
    state_->requireIncomplete();
    return *state_;
  }
  void drop() noexcept {
    if (state_ && !state_->ready()) state_->complete();
  }

  StateReference<T> state_;
  bool futureTaken_ = false;
};

}  // namespace detail
}  // namespace holdfast
