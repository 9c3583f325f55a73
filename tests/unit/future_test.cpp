#include <holdfast/future.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <holdfast/error.hpp>

#include "support/error_of.hpp"
#include "support/failing_allocation.hpp"

using namespace std::chrono_literals;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::Future;
using holdfast::detail::Promise;
using holdfast::test::codeOf;
using holdfast::test::FailingAllocation;

namespace {

std::exception_ptr failure(const char* text) { return std::make_exception_ptr(std::runtime_error(text)); }

}  // namespace

TEST_SUITE("core/future") {
  TEST_CASE("a thread that waits gets the value from the thread that makes it") {
    Promise<std::string> promise;
    Future<std::string> future = promise.future();
    CHECK(future.valid());
    CHECK_FALSE(future.ready());
    std::jthread producer([&promise] { promise.setValue("done"); });
    CHECK(future.get() == "done");
    CHECK_FALSE(future.valid());
    CHECK_FALSE(future.ready());
  }

  TEST_CASE("a result may be nothing, and may be something that only moves") {
    Promise<void> nothing;
    Future<void> done = nothing.future();
    nothing.setValue();
    CHECK(done.ready());
    done.get();
    Promise<std::unique_ptr<int>> pointer;
    Future<std::unique_ptr<int>> moved = pointer.future();
    pointer.setValue(std::make_unique<int>(7));
    CHECK(*moved.get() == 7);
    Promise<std::string> made;
    made.emplace(3U, 'x');
    CHECK(made.future().get() == "xxx");
  }

  TEST_CASE("what the work threw is thrown where the result is asked for") {
    Promise<int> promise;
    Future<int> future = promise.future();
    std::jthread producer([&promise] { promise.setException(failure("broken")); });
    CHECK_THROWS_WITH_AS(future.get(), "broken", std::runtime_error);
    CHECK(codeOf([&] { future.get(); }) == ErrorCode::Misuse);
  }

  TEST_CASE("a future without a result to come says so and does not wait") {
    Future<int> future;
    CHECK_FALSE(future.valid());
    CHECK_FALSE(future.ready());
    CHECK(codeOf([&] { future.get(); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { future.wait(); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { future.waitFor(0ms); }) == ErrorCode::Misuse);
  }

  TEST_CASE("a result is taken once, and moves with the future") {
    Promise<int> promise;
    Future<int> first = promise.future();
    Future<int> second = std::move(first);
    promise.setValue(5);
    CHECK(codeOf([&] { first.get(); }) == ErrorCode::Misuse);
    CHECK(second.get() == 5);
    CHECK(codeOf([&] { second.get(); }) == ErrorCode::Misuse);
  }

  TEST_CASE("waiting has a limit, and takes nothing") {
    Promise<int> promise;
    Future<int> future = promise.future();
    CHECK_FALSE(future.waitFor(0ms));
    CHECK_FALSE(future.waitFor(-1ms));
    CHECK_FALSE(future.waitFor(1ms));
    std::jthread producer([&promise] { promise.setValue(1); });
    CHECK(future.waitFor(std::chrono::milliseconds::max()));
    CHECK(future.waitFor(0ms));
    future.wait();
    CHECK(future.get() == 1);
  }

  TEST_CASE("a promise that goes without a result completes its future") {
    Future<int> future;
    {
      Promise<int> promise;
      future = promise.future();
    }
    CHECK(future.ready());
    CHECK(codeOf([&] { future.get(); }) == ErrorCode::PoolClosed);

    std::optional<Promise<void>> waitedFor(std::in_place);
    Future<void> waiting = waitedFor->future();
    std::jthread producer([&waitedFor] { waitedFor.reset(); });
    CHECK(codeOf([&] { waiting.get(); }) == ErrorCode::PoolClosed);

    Promise<int> replaced;
    Future<int> lost = replaced.future();
    replaced = Promise<int>();
    CHECK(codeOf([&] { lost.get(); }) == ErrorCode::PoolClosed);
  }

  TEST_CASE("a future that goes does not wait, and its result goes with the promise") {
    auto value = std::make_shared<int>(1);
    {
      Promise<std::shared_ptr<int>> promise;
      { const Future<std::shared_ptr<int>> future = promise.future(); }
      promise.setValue(value);
      CHECK(value.use_count() == 2);
    }
    CHECK(value.use_count() == 1);
  }

  TEST_CASE("a promise gives one future and takes one result") {
    Promise<int> promise;
    promise.setValue(1);
    CHECK(codeOf([&] { promise.setValue(2); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { promise.setException(failure("late")); }) == ErrorCode::Misuse);
    bool ran = false;
    CHECK(codeOf([&] { promise.fulfil([&ran] { return ran = true, 3; }); }) == ErrorCode::Misuse);
    CHECK_FALSE(ran);
    CHECK(promise.future().get() == 1);
    CHECK(codeOf([&] { promise.future(); }) == ErrorCode::Misuse);
    const Promise<int> moved = std::move(promise);
    CHECK(codeOf([&] { promise.setValue(4); }) == ErrorCode::Misuse);
  }

  TEST_CASE("a value that cannot be made leaves the promise open") {
    struct Picky {
      explicit Picky(int value) : number(value) {
        if (value < 0) throw std::invalid_argument("negative");
      }
      int number;
    };
    Promise<Picky> promise;
    CHECK_THROWS_AS(promise.emplace(-1), std::invalid_argument);
    promise.emplace(1);
    CHECK(promise.future().get().number == 1);
  }

  TEST_CASE("fulfilling a promise passes on what the work returns or throws") {
    Promise<std::unique_ptr<int>> value;
    value.fulfil([] { return std::make_unique<int>(4); });
    CHECK(*value.future().get() == 4);
    Promise<void> nothing;
    nothing.fulfil([] {});
    nothing.future().get();
    Promise<int> thrown;
    thrown.fulfil([]() -> int { throw Error(ErrorCode::Constraint, "no"); });
    CHECK(codeOf([&] { thrown.future().get(); }) == ErrorCode::Constraint);
  }

  TEST_CASE("a promise and its future take one allocation, and dropping takes none") {
    int value = 0;
    bool failed = true;
    {
      const FailingAllocation failing(2);
      Promise<int> promise;
      Future<int> future = promise.future();
      promise.setValue(6);
      value = future.get();
      { const Promise<int> dropped; }
      failed = FailingAllocation::hasFailed();
    }
    CHECK(value == 6);
    CHECK_FALSE(failed);
  }

  TEST_CASE("a second one that waits is told so") {
    struct Other final : holdfast::detail::Continuation {
      void resume() noexcept override { ++resumed; }
      int resumed = 0;
    };
    auto* const state = new holdfast::detail::SharedState<int>;
    const holdfast::detail::StateReference<int> reference(state);
    Other other;
    CHECK(state->subscribe(other));
    CHECK(codeOf([&] { state->wait(); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { state->waitUntil(std::chrono::steady_clock::now()); }) == ErrorCode::Misuse);
    CHECK(state->unsubscribe(other));
    CHECK_FALSE(state->unsubscribe(other));
    CHECK(state->subscribe(other));
    state->complete();
    CHECK(other.resumed == 1);
    CHECK_FALSE(state->subscribe(other));
    CHECK_FALSE(state->unsubscribe(other));
  }
}
