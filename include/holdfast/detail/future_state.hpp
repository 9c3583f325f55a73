#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace holdfast::detail {

/// What goes on when a result is there: a blocked thread, or a suspended coroutine.
class Continuation {
 public:
  Continuation() noexcept = default;
  Continuation(const Continuation&) = delete;
  Continuation& operator=(const Continuation&) = delete;
  /// Called once, on the thread that completes, under no lock. The object may be gone when it returns.
  virtual void resume() noexcept = 0;

 protected:
  ~Continuation() = default;
};

/// What a promise and its future share, without the type of the value.
///
/// One word says it all: nobody waits, somebody waits, or complete. What the producer wrote before complete() is seen
/// by whoever finds it ready. Each side holds a reference, so that neither can pull the state from under the other.
class FutureState {
 public:
  FutureState() noexcept = default;
  FutureState(const FutureState&) = delete;
  FutureState& operator=(const FutureState&) = delete;

  bool ready() const noexcept { return word_.load(std::memory_order_acquire) == this; }
  /// Blocks until complete.
  void wait();
  /// False when it is not complete by `deadline`.
  bool waitUntil(std::chrono::steady_clock::time_point deadline);

  /// Has `continuation` resumed on completion. False where that has happened already; it is not resumed then. Where
  /// true comes back, it may have been resumed already. Throws Error{Misuse} where something waits already.
  bool subscribe(Continuation& continuation);
  /// Takes it back. False where it was not there, or is being resumed.
  bool unsubscribe(Continuation& continuation) noexcept;

  /// Makes the result known and resumes who waits. Once, by the producer, which keeps its reference meanwhile.
  void complete() noexcept;
  /// Throws Error{Misuse} where the result is there already.
  void requireIncomplete() const;
  /// Throws the exception of the work, or Error{PoolClosed} where the work was dropped. Lets go of the exception first,
  /// so that only one thread has it.
  [[noreturn]] void throwFailure();

  void addReference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  std::exception_ptr failure;

 protected:
  virtual ~FutureState() = default;

 private:
  /// Null: nobody waits. This object's own address: complete. Otherwise the Continuation that waits.
  std::atomic<void*> word_{nullptr};
  std::atomic<std::uint32_t> references_{1};
};

/// Throws the Error{Misuse} of a future or promise that has nothing.
[[noreturn]] void throwNoFutureState();

template <typename T>
class SharedState final : public FutureState {
 public:
  /// Neither this nor `failure`: the work was dropped.
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;

 private:
  ~SharedState() override = default;
};

struct ReleaseState {
  void operator()(FutureState* state) const noexcept { state->release(); }
};
/// One of the two references to a state.
template <typename T>
using StateReference = std::unique_ptr<SharedState<T>, ReleaseState>;

}  // namespace holdfast::detail
