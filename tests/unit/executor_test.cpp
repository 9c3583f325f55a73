#include "pool/executor.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <holdfast/error.hpp>
#include <holdfast/future.hpp>

#include "support/child_process.hpp"
#include "support/no_more_threads.hpp"
#include "support/process_counts.hpp"
#include "support/threads.hpp"
#include "unit/executor_fixture.hpp"

using namespace std::chrono_literals;
using holdfast::ErrorCode;
using holdfast::Executor;
using holdfast::Future;
using holdfast::Task;
using holdfast::test::codeOf;
using holdfast::test::eventually;
using holdfast::test::Held;
using holdfast::test::inChild;
using holdfast::test::kPatience;
using holdfast::test::NoMoreThreads;
using holdfast::test::now;
using holdfast::test::openThreads;
using holdfast::test::submit;

TEST_SUITE("pool/executor") {
  TEST_CASE("threads are started by the first task and are gone after stopping") {
    const std::size_t before = openThreads();
    Executor executor({.threads = 3, .capacity = 4});
    CHECK(eventually([&] { return openThreads() == before; }));
    submit(executor, [] {}).get();
    CHECK(eventually([&] { return openThreads() == before + 3; }));
    executor.stop(true);
    CHECK(eventually([before] { return openThreads() == before; }));  // The kernel takes a moment to forget them.
  }

  TEST_CASE("one thread runs tasks in the order of coming") {
    Held held(8);
    std::vector<int> order;
    std::thread::id thread;
    for (int i = 0; i < 8; ++i) {
      submit(held.executor, [&order, &thread, i] {
        order.push_back(i);
        thread = std::this_thread::get_id();
      });
    }
    CHECK(held.executor.pending() == 8);
    held.gate.open();
    held.executor.stop(true);
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
    CHECK(thread != std::this_thread::get_id());
    CHECK(held.executor.pending() == 0);
  }

  TEST_CASE("several threads run tasks side by side") {
    Executor executor({.threads = 3, .capacity = 3});
    std::atomic<int> arrived{0};
    std::vector<Future<bool>> together;
    for (int i = 0; i < 3; ++i) {
      together.push_back(submit(executor, [&arrived] {
        ++arrived;
        return eventually([&arrived] { return arrived == 3; });
      }));
    }
    for (Future<bool>& future : together) CHECK(future.get());
  }

  TEST_CASE("a full queue takes nothing, and the caller keeps the task") {
    Held held(2);
    int ran = 0;
    const auto count = [&ran] { ++ran; };
    CHECK(held.executor.submit(Task(count), now()));
    CHECK(held.executor.submit(Task(count), now() - 1s));  // There is room: the time does not matter.
    Task third(count);
    CHECK_FALSE(held.executor.submit(std::move(third), now() - 1s));
    CHECK_FALSE(held.executor.submit(std::move(third), now() + 2ms));
    CHECK(static_cast<bool>(third));
    CHECK(held.executor.pending() == 2);
    held.gate.open();
    CHECK(held.executor.submit(std::move(third), now() + kPatience));
    held.executor.stop(true);
    CHECK(ran == 3);
  }

  TEST_CASE("whoever waits for room gets in when there is some") {
    Held held(1);
    std::atomic<int> ran{0};
    std::atomic<int> taken{0};
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 3; ++t) {
        threads.emplace_back(
            [&] { taken += held.executor.submit(Task([&ran] { ++ran; }), now() + kPatience) ? 1 : 0; });
      }
      CHECK(eventually([&] { return held.executor.pending() == 1; }));
      held.gate.open();
    }
    CHECK(taken == 3);
    held.executor.stop(true);
    CHECK(ran == 3);
  }

  TEST_CASE("what a task throws is dropped, and the thread goes on") {
    Executor executor({.threads = 1, .capacity = 4});
    CHECK(executor.submit(Task([] { throw std::runtime_error("dropped"); }), now() + kPatience));
    CHECK(executor.submit(Task([] { throw 42; }), now() + kPatience));
    CHECK(submit(executor, [] { return 1; }).get() == 1);
  }

  TEST_CASE("a task may own what only moves, and is destroyed before the next one runs") {
    Held held(2);
    auto owned = std::make_shared<int>(3);
    const std::weak_ptr<int> seen = owned;
    CHECK(held.executor.submit(Task([mine = std::make_unique<std::shared_ptr<int>>(std::move(owned))] {}), now()));
    CHECK_FALSE(seen.expired());
    Future<bool> gone = submit(held.executor, [&seen] { return seen.expired(); });
    held.gate.open();
    CHECK(gone.get());
    Task empty;
    empty.run();  // Does nothing.
    CHECK_FALSE(static_cast<bool>(empty));
  }

  TEST_CASE("a worker that finds the queue full runs its task at once instead of waiting for itself") {
    Executor executor({.threads = 1, .capacity = 1});
    Future<bool> atOnce = submit(executor, [&executor] {
      if (!executor.isWorkerThread()) return false;
      executor.submit(Task([] {}), now());  // Fills the queue.
      Future<std::thread::id> inner = submit(executor, [] { return std::this_thread::get_id(); });
      return inner.ready() && inner.get() == std::this_thread::get_id();
    });
    CHECK(atOnce.get());
    CHECK_FALSE(executor.isWorkerThread());
  }

  TEST_CASE("tasks that are run at once in each other do not go on for ever") {
    Executor executor({.threads = 1, .capacity = 1});
    Future<int> depth = submit(executor, [&executor] {
      executor.submit(Task([] {}), now());
      int reached = 0;
      std::function<void()> deeper = [&] {
        if (executor.submit(Task(std::ref(deeper)), now() + kPatience)) ++reached;
      };
      deeper();
      deeper();  // What is over does not count.
      return reached;
    });
    CHECK(depth.get() == 2 * Executor::kMaxNesting);
  }

  TEST_CASE("a thread of another executor is an ordinary caller") {
    Held held(1);
    CHECK(held.executor.submit(Task([] {}), now()));
    Executor other({.threads = 1, .capacity = 1});
    CHECK_FALSE(submit(other, [&held] {
                  return held.executor.isWorkerThread() || held.executor.submit(Task([] {}), now());
                }).get());
  }

  TEST_CASE("where no thread can be started the task is refused, and the next one may be taken") {
    Executor executor({});
    Task task([] {});
    std::optional<ErrorCode> code;
    {
      const NoMoreThreads none;
      code = codeOf([&] { executor.submit(std::move(task), now()); });
    }
    CHECK(code == ErrorCode::MemoryLimit);
    CHECK(static_cast<bool>(task));
    CHECK(executor.pending() == 0);
    CHECK(submit(executor, [] { return 2; }).get() == 2);
  }

  TEST_CASE("a forked child cannot use its parent's threads") {
    Executor executor({});
    submit(executor, [] {}).get();
    CHECK(inChild([&executor] {
            const bool refused =
                codeOf([&] { executor.submit(Task([] {}), now() + kPatience); }) == ErrorCode::ForkedProcess &&
                codeOf([&] { executor.stop(true); }) == ErrorCode::ForkedProcess;
            return refused ? 1 : 0;
          }) == 1);
  }
}
