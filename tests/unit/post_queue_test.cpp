#include "pool/post_queue.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using holdfast::ErrorCode;
using holdfast::Future;
using holdfast::PostQueue;
using holdfast::Transaction;
using holdfast::detail::PostedTask;
using holdfast::detail::PostedWork;
using holdfast::test::codeOf;
using holdfast::test::kPatience;
using holdfast::test::Watchdog;

namespace {

using SteadyClock = std::chrono::steady_clock;

std::unique_ptr<PostedTask> task(std::int64_t bytes = 1) {
  auto work = [](Transaction&) {};
  auto made = std::make_unique<PostedWork<decltype(work)>>(work);
  made->bytes = bytes;
  return made;
}

struct Queue : PostQueue {
  explicit Queue(const Bounds& bounds = {4, 1000, 1h, 8}) { reset(bounds); }
  /// Does not wait for room.
  bool add(std::unique_ptr<PostedTask> made) { return push(made, SteadyClock::now()); }
};

}  // namespace

TEST_SUITE("pool/post_queue") {
  TEST_CASE("a queue that was never opened takes nothing, and the task stays with the caller") {
    PostQueue queue;
    auto mine = task();
    CHECK_FALSE(queue.push(mine, SteadyClock::now() + kPatience));
    CHECK(mine != nullptr);
    CHECK(queue.empty());
  }

  TEST_CASE("what is taken comes in the order of coming, and all of it") {
    Queue queue;
    std::vector<PostedTask*> order;
    for (int i = 0; i < 3; ++i) {
      auto made = task();
      order.push_back(made.get());
      CHECK(queue.add(std::move(made)));
    }
    CHECK(queue.size() == 3);
    const PostQueue::Tasks taken = queue.take();
    CHECK(queue.empty());
    CHECK(queue.take().empty());
    REQUIRE(taken.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(taken[i].get() == order[i]);
  }

  TEST_CASE("what is put back goes before what has come since, without the holes") {
    Queue queue;
    queue.add(task());
    queue.add(task());
    PostQueue::Tasks taken = queue.take();
    PostedTask* const second = taken[1].get();
    taken[0].reset();
    auto made = task();
    PostedTask* const third = made.get();
    queue.add(std::move(made));
    queue.putBack(std::move(taken));
    CHECK(queue.size() == 2);
    const PostQueue::Tasks again = queue.take();
    REQUIRE(again.size() == 2);
    CHECK(again[0].get() == second);
    CHECK(again[1].get() == third);
    queue.putBack({});
    CHECK(queue.empty());
  }

  TEST_CASE("it is due by number, by bytes and by age") {
    Queue queue;
    CHECK_FALSE(queue.due());
    for (int i = 0; i < 3; ++i) queue.add(task());
    CHECK_FALSE(queue.due());
    queue.add(task());
    CHECK(queue.due());
    queue.take();
    CHECK_FALSE(queue.due());
    queue.add(task(999));
    CHECK_FALSE(queue.due());
    queue.add(task(1));
    CHECK(queue.due());

    Queue ageing({100, 100000, 1ms, 200});
    CHECK_FALSE(ageing.due());
    ageing.add(task());
    CHECK(holdfast::test::eventually([&] { return ageing.due(); }));
  }

  TEST_CASE("bytes that were put back count again") {
    Queue queue;
    queue.add(task(1000));
    PostQueue::Tasks taken = queue.take();
    CHECK_FALSE(queue.due());
    queue.putBack(std::move(taken));
    CHECK(queue.due());
  }

  TEST_CASE("a full queue refuses at the deadline, and takes once there is room") {
    const Watchdog watchdog("a push into a full queue");
    Queue queue;
    for (int i = 0; i < 8; ++i) CHECK(queue.add(task()));
    auto mine = task();
    CHECK_FALSE(queue.push(mine, SteadyClock::now()));
    CHECK(mine != nullptr);
    bool taken = false;
    std::thread helper([&] { taken = queue.push(mine, SteadyClock::now() + kPatience); });
    while (queue.take().empty()) {
    }
    helper.join();
    CHECK(taken);
    CHECK(mine == nullptr);
  }

  TEST_CASE("bytes that wait are bounded, and one piece always may") {
    const Watchdog watchdog("a push into a queue of so many bytes");
    const std::int64_t before = PostQueue::totalBytes();
    PostQueue::boundTotal(before + 1000);
    {
      Queue queue({100, 100'000, 1h, 200});
      CHECK(queue.hasRoomFor(*task(5000)));
      CHECK(queue.add(task(5000)));
      CHECK_FALSE(queue.add(task(1)));
      queue.take();
      CHECK(queue.add(task(600)));
      CHECK(queue.add(task(400)));
      CHECK_FALSE(queue.hasRoomFor(*task(1)));
      Queue other({100, 100'000, 1h, 200});
      CHECK(other.add(task(1)));
      CHECK_FALSE(other.add(task(1)));
      other.take();
      CHECK(PostQueue::totalBytes() == before + 1000);
      CHECK_FALSE(queue.due());
      auto mine = task(1);
      std::thread helper([&] { CHECK(queue.push(mine, SteadyClock::now() + kPatience)); });
      CHECK(queue.awaitDue());  // Who waits for room makes it due.
      CHECK(queue.take().size() == 2);
      helper.join();
      CHECK(PostQueue::totalBytes() == before + 1);
    }
    CHECK(PostQueue::totalBytes() == before);
    PostQueue::boundTotal(std::numeric_limits<std::int64_t>::max());
  }

  TEST_CASE("closing ends every wait") {
    const Watchdog watchdog("waits of a closed queue");
    Queue queue;
    for (int i = 0; i < 8; ++i) queue.add(task());
    queue.take();
    bool due = true;
    std::thread poster([&] { due = queue.awaitDue(); });
    for (int i = 0; i < 3; ++i) queue.add(task());
    queue.close();
    poster.join();
    CHECK_FALSE(due);
    CHECK_FALSE(queue.add(task()));
    CHECK(queue.size() == 3);  // For whoever drains it.
    CHECK(queue.take().size() == 3);
  }

  TEST_CASE("a thread that waits is told when enough has come") {
    const Watchdog watchdog("a wait for enough work");
    Queue queue;
    bool due = false;
    std::thread poster([&] { due = queue.awaitDue(); });
    for (int i = 0; i < 4; ++i) queue.add(task());
    poster.join();
    CHECK(due);
  }

  TEST_CASE("the thread is started once after each opening, and not once it is closed") {
    Queue queue;
    std::atomic<int> started{0};
    const auto body = [&] { ++started; };
    queue.startThread(body);
    queue.startThread(body);
    queue.close();
    queue.joinThread();
    CHECK(started == 1);
    queue.startThread(body);
    queue.joinThread();
    CHECK(started == 1);
    queue.reset({4, 1000, 1h, 8});
    queue.startThread(body);
    queue.close();
    queue.joinThread();
    CHECK(started == 2);
  }

  TEST_CASE("what is overdue, or is to stop, is taken from wherever it is and leaves the counts") {
    Queue queue;
    std::stop_source stop;
    auto overdue = task(10);
    overdue->deadline = SteadyClock::now();
    auto stopped = task(20);
    stopped->cancel = stop.get_token();
    CHECK(queue.add(task(1)));
    CHECK(queue.add(std::move(overdue)));
    CHECK(queue.add(std::move(stopped)));
    CHECK(queue.takeOverdue().size() == 1);
    CHECK(queue.bytes() == 21);
    stop.request_stop();
    CHECK(queue.takeOverdue().size() == 1);
    CHECK(queue.takeOverdue().empty());
    CHECK(queue.size() == 1);
    CHECK(queue.bytes() == 1);
  }

  TEST_CASE("a task that goes unrun tells its future that the pool is closed") {
    auto work = [](Transaction&) { return 7; };
    auto made = std::make_unique<PostedWork<decltype(work)>>(work);
    Future<int> future = made->future();
    Queue queue;
    queue.add(std::move(made));
    queue.take();
    REQUIRE(future.ready());
    CHECK(codeOf([&] { future.get(); }) == ErrorCode::PoolClosed);
  }
}
