// Who goes on when a result comes, a thread or a coroutine, whichever side is first.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <holdfast/error.hpp>
#include <holdfast/future.hpp>

#include "support/error_of.hpp"

using namespace std::chrono_literals;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::Future;
using holdfast::detail::Promise;
using holdfast::test::codeOf;

namespace {

/// A coroutine that begins at once and frees itself at its end; `handle` is for those that do not get there.
struct Job {
  struct promise_type {
    Job get_return_object() noexcept { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  std::coroutine_handle<> handle;
};

/// What a coroutine has met.
template <typename T>
struct Seen {
  std::optional<T> value;
  std::optional<ErrorCode> error;
  std::thread::id thread;
  std::atomic<bool> done{false};
};

template <typename T>
Job await(Future<T> future, Seen<T>& seen) {
  try {
    T value = co_await std::move(future);
    seen.value.emplace(std::move(value));
  } catch (const Error& error) {
    seen.error = error.code();
  }
  seen.thread = std::this_thread::get_id();
  seen.done = true;
}

Job awaitCalls(Future<void> (*call)(), std::atomic<int>& calls) {
  for (int i = 0; i < 3; ++i) {
    co_await call();
    ++calls;
  }
}

/// Calls `left(i)` on one thread and `right(i)` on another, at nearly the same time.
template <typename Left, typename Right>
void race(int rounds, Left left, Right right) {
  std::atomic<int> arrived{0};
  const auto meet = [&arrived](int round) {
    ++arrived;
    while (arrived < 2 * (round + 1)) std::this_thread::yield();
  };
  std::jthread other([&] {
    for (int i = 0; i < rounds; ++i) {
      meet(i);
      right(i);
    }
  });
  for (int i = 0; i < rounds; ++i) {
    meet(i);
    left(i);
  }
}

constexpr int kRounds = 1500;

template <typename T>
struct Pairs {
  std::vector<Promise<T>> promises;
  std::vector<Future<T>> futures;
  Pairs() : promises(kRounds) {
    for (Promise<T>& promise : promises) futures.push_back(promise.future());
  }
  Promise<T> promise(int i) { return std::move(promises[static_cast<std::size_t>(i)]); }
  Future<T> future(int i) { return std::move(futures[static_cast<std::size_t>(i)]); }
};

}  // namespace

TEST_SUITE("core/future_resume") {
  TEST_CASE("a coroutine goes on at once where the result is there") {
    Promise<int> promise;
    promise.setValue(2);
    Seen<int> seen;
    await(promise.future(), seen);
    CHECK(seen.done);
    CHECK(seen.value == 2);
  }

  TEST_CASE("a coroutine that waits is resumed on the thread that completes the work") {
    Promise<std::unique_ptr<int>> promise;
    Seen<std::unique_ptr<int>> seen;
    await(promise.future(), seen);
    CHECK_FALSE(seen.done);
    std::thread::id producer;
    std::jthread([&] {
      producer = std::this_thread::get_id();
      promise.setValue(std::make_unique<int>(9));
    }).join();
    REQUIRE(seen.done);
    CHECK(**seen.value == 9);
    CHECK(seen.thread == producer);
  }

  TEST_CASE("a coroutine gets what the work threw, and that it was dropped") {
    Promise<int> thrown;
    Seen<int> seen;
    await(thrown.future(), seen);
    thrown.fulfil([]() -> int { throw Error(ErrorCode::Busy, "no"); });
    CHECK(seen.error == ErrorCode::Busy);
    Seen<int> alone;
    {
      Promise<int> dropped;
      await(dropped.future(), alone);
      CHECK_FALSE(alone.done);
    }
    CHECK(alone.error == ErrorCode::PoolClosed);
  }

  TEST_CASE("a call can be awaited as it stands") {
    static std::optional<Promise<void>> promise;
    std::atomic<int> calls{0};
    awaitCalls([] { return promise.emplace().future(); }, calls);
    for (int i = 0; i < 3; ++i) {
      CHECK(calls == i);
      Promise<void> current = std::move(*promise);  // Resumed, the coroutine makes the next one.
      current.setValue();
    }
    CHECK(calls == 3);
  }

  TEST_CASE("a coroutine that is destroyed while it waits is not resumed") {
    Promise<int> promise;
    Seen<int> seen;
    const Job job = await(promise.future(), seen);
    job.handle.destroy();
    promise.setValue(1);
    CHECK_FALSE(seen.done);
  }

  TEST_CASE("awaiting a future without a result to come is an error") {
    Seen<int> seen;
    await(Future<int>(), seen);
    CHECK(seen.error == ErrorCode::Misuse);
  }

  TEST_CASE("one side may go while the other completes") {
    Pairs<std::string> pairs;
    race(
        kRounds, [&pairs](int i) { const Future<std::string> gone = pairs.future(i); },
        [&pairs](int i) {
          Promise<std::string> promise = pairs.promise(i);
          if (i % 2 == 0) promise.setValue("a result that is too long for the string itself to hold");
        });
  }

  TEST_CASE("a result comes through whatever happens first, waiting or completing") {
    Pairs<std::unique_ptr<int>> pairs;
    int right = 0;
    race(
        kRounds, [&](int i) { right += *pairs.future(i).get() == i ? 1 : 0; },
        [&pairs](int i) { pairs.promise(i).setValue(std::make_unique<int>(i)); });
    CHECK(right == kRounds);
  }

  TEST_CASE("an exception comes through whatever happens first") {
    Pairs<int> pairs;
    int right = 0;
    race(
        kRounds,
        [&](int i) {
          const auto code = codeOf([&] { pairs.future(i).get(); });
          right += code == (i % 2 == 0 ? ErrorCode::PoolClosed : ErrorCode::Busy) ? 1 : 0;
        },
        [&pairs](int i) {
          Promise<int> promise = pairs.promise(i);
          if (i % 2 == 1) promise.fulfil([]() -> int { throw Error(ErrorCode::Busy, "no"); });
        });
    CHECK(right == kRounds);
  }

  TEST_CASE("a wait that ends while the work completes misses nothing and leaves nothing behind") {
    Pairs<int> pairs;
    int right = 0;
    race(
        kRounds / 5,
        [&](int i) {
          Future<int> future = pairs.future(i);
          while (!future.waitFor(1ms)) {
          }
          right += future.get() == i ? 1 : 0;
        },
        [&pairs](int i) {
          const auto until = std::chrono::steady_clock::now() + 1ms + std::chrono::microseconds(i);
          while (std::chrono::steady_clock::now() < until) {
          }
          pairs.promise(i).setValue(i);
        });
    CHECK(right == kRounds / 5);
  }

  TEST_CASE("a coroutine goes on once whatever happens first, suspending or completing") {
    Pairs<int> pairs;
    std::vector<Seen<int>> seen(kRounds);
    race(
        kRounds, [&](int i) { await(pairs.future(i), seen[static_cast<std::size_t>(i)]); },
        [&pairs](int i) { pairs.promise(i).setValue(i); });
    int right = 0;
    for (int i = 0; i < kRounds; ++i) right += seen[static_cast<std::size_t>(i)].value == i ? 1 : 0;
    CHECK(right == kRounds);
  }
}
