// How an executor ends, and what becomes of the tasks and coroutines that it has then.

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <holdfast/error.hpp>
#include <holdfast/future.hpp>

#include "pool/executor.hpp"
#include "support/job.hpp"
#include "support/threads.hpp"
#include "unit/executor_fixture.hpp"

using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::Executor;
using holdfast::Future;
using holdfast::Task;
using holdfast::test::codeOf;
using holdfast::test::eventually;
using holdfast::test::Held;
using holdfast::test::Job;
using holdfast::test::kPatience;
using holdfast::test::now;
using holdfast::test::submit;

namespace {

/// Calls `then` when it is destroyed, unless it was moved from.
template <typename F>
class AtTheEnd {
 public:
  explicit AtTheEnd(F then) : then_(std::move(then)) {}
  AtTheEnd(AtTheEnd&& other) noexcept : then_(std::move(other.then_)), armed_(std::exchange(other.armed_, false)) {}
  AtTheEnd& operator=(AtTheEnd&&) = delete;
  ~AtTheEnd() {
    if (armed_) then_();
  }
  void operator()() const noexcept {}

 private:
  F then_;
  bool armed_ = true;
};

struct Chain {
  std::atomic<int> steps{0};
  std::optional<ErrorCode> error;
  std::atomic<bool> done{false};
};

/// Submits its next step from wherever the one before resumed it.
Job walk(Executor& executor, Chain& chain, int steps) {
  try {
    for (int i = 0; i < steps; ++i) {
      co_await submit(executor, [&chain] { ++chain.steps; });
    }
  } catch (const Error& error) {
    chain.error = error.code();
  }
  chain.done = true;
}

}  // namespace

TEST_SUITE("pool/executor_stop") {
  TEST_CASE("stopping without draining destroys what is queued, on the thread that stops") {
    Held held(2);
    std::atomic<bool> ran{false};
    std::thread::id destroyedOn;
    Future<void> queued = submit(held.executor, [&ran] { ran = true; });
    held.executor.submit(Task(AtTheEnd([&] {
                           destroyedOn = std::this_thread::get_id();
                           held.gate.open();  // Only now can the running task end: what is queued must go first.
                         })),
                         now());
    held.executor.stop(false);
    CHECK(destroyedOn == std::this_thread::get_id());
    CHECK(held.running.ready());
    CHECK(codeOf([&] { queued.get(); }) == ErrorCode::PoolClosed);
    CHECK_FALSE(ran);
    held.executor.stop(true);  // Does nothing.
  }

  TEST_CASE("an executor that goes stops") {
    Future<void> queued;
    {
      Held held(1);
      queued = submit(held.executor, [] {});
      held.executor.submit(Task([] {}), now());
      held.gate.open();
    }
    CHECK(queued.ready());
    { const Executor unused({}); }
  }

  TEST_CASE("what is stopped takes no more tasks") {
    Executor executor({});
    executor.stop(true);
    Task task([] {});
    CHECK(codeOf([&] { executor.submit(std::move(task), now() + kPatience); }) == ErrorCode::PoolClosed);
    CHECK(static_cast<bool>(task));
  }

  TEST_CASE("who waits for room is told of the end") {
    Held held(1);
    held.executor.submit(Task([] {}), now());
    std::atomic<int> told{0};
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&] {
          const auto code = codeOf([&] { held.executor.submit(Task([] {}), now() + 3 * kPatience); });
          told += code == ErrorCode::PoolClosed ? 1 : 0;
        });
      }
      std::jthread opener([&held] {
        // A full queue says no, and a stopped one throws.
        CHECK(eventually([&held] { return codeOf([&] { held.executor.submit(Task([] {}), now()); }).has_value(); }));
        held.gate.open();
      });
      held.executor.stop(true);
    }
    CHECK(told == 2);
  }

  TEST_CASE("a second stop cuts short a drain") {
    Held held(1);
    Future<void> queued = submit(held.executor, [] {});
    std::jthread drains([&held] { held.executor.stop(true); });
    CHECK(eventually([&held] { return codeOf([&] { held.executor.submit(Task([] {}), now()); }).has_value(); }));
    std::jthread cuts([&held] { held.executor.stop(false); });
    CHECK(codeOf([&] { queued.get(); }) == ErrorCode::PoolClosed);
    held.gate.open();
  }

  TEST_CASE("a thread of the executor cannot stop it") {
    Executor executor({});
    Future<bool> refused = submit(executor, [&executor] {
      return codeOf([&] { executor.stop(true); }) == ErrorCode::Misuse &&
             codeOf([&] { executor.stop(false); }) == ErrorCode::Misuse;
    });
    CHECK(refused.get());
    CHECK(submit(executor, [] { return 1; }).get() == 1);
  }

  TEST_CASE("what is destroyed by stopping may stop it as well") {
    Held held(1);
    bool stopped = false;
    held.executor.submit(Task(AtTheEnd([&] {
                           held.gate.open();
                           held.executor.stop(false);
                           stopped = true;
                         })),
                         now());
    held.executor.stop(false);
    CHECK(stopped);
  }

  TEST_CASE("coroutines go on from step to step on the executor's threads while its queue is full") {
    Executor executor({.threads = 2, .capacity = 1});
    std::array<Chain, 4> chains;
    for (Chain& chain : chains) walk(executor, chain, 200);
    for (Chain& chain : chains) {
      CHECK(eventually([&chain] { return chain.done.load(); }));
      CHECK(chain.steps == 200);
      CHECK_FALSE(chain.error.has_value());
    }
    executor.stop(true);
  }

  TEST_CASE("a coroutine whose step is dropped ends with the executor") {
    Held held(1);
    Chain chain;
    walk(held.executor, chain, 3);
    CHECK_FALSE(chain.done);
    std::jthread stops([&held] { held.executor.stop(false); });
    CHECK(eventually([&chain] { return chain.done.load(); }));
    held.gate.open();
    CHECK(chain.error == ErrorCode::PoolClosed);
    CHECK(chain.steps == 0);
  }

  TEST_CASE("every task that was taken runs once or is dropped, whenever the end comes") {
    for (int round = 0; round < 30; ++round) {
      Executor executor({.threads = 2, .capacity = 3});
      std::atomic<int> taken{0};
      std::atomic<int> ran{0};
      std::atomic<int> made{0};
      std::atomic<int> ended{0};
      {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 3; ++t) {
          threads.emplace_back([&] {
            const auto submitMany = [&] {
              for (int i = 0; i < 200; ++i) {
                ++made;
                Task task([&ran, end = AtTheEnd([&ended] { ++ended; })] { ++ran; });
                taken += executor.submit(std::move(task), now() + kPatience) ? 1 : 0;
              }
            };
            codeOf(submitMany);
          });
        }
        CHECK(eventually([&ran, round] { return ran >= 10 * round; }));
        executor.stop(round % 2 == 0);
        const int atEnd = ran;
        for (std::jthread& thread : threads) thread.join();
        CHECK(ran == atEnd);
      }
      if (round % 2 == 0) CHECK(ran == taken);
      CHECK(ran <= taken);
      CHECK(ended == made);
    }
  }
}
