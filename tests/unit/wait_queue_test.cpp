#include "pool/wait_queue.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

using holdfast::Priority;
using holdfast::Waiter;
using holdfast::WaitQueue;

namespace {

/// Serves whose turn it is.
Waiter* serve(WaitQueue& queue) {
  Waiter* const next = queue.front();
  if (next != nullptr) queue.remove(*next, true);
  return next;
}

void push(WaitQueue& queue, Waiter& waiter, Priority priority) {
  waiter.priority = priority;
  queue.push(waiter);
}

}  // namespace

TEST_SUITE("pool/wait_queue") {
  TEST_CASE("an empty queue has nobody in front") {
    const WaitQueue queue;
    CHECK(queue.empty());
    CHECK(queue.size() == 0);
    CHECK(queue.front() == nullptr);
  }

  TEST_CASE("one lane is served in the order of asking") {
    WaitQueue queue;
    std::array<Waiter, 5> waiters;
    for (Waiter& waiter : waiters) push(queue, waiter, Priority::Telemetry);
    CHECK(queue.size() == 5);
    for (Waiter& waiter : waiters) CHECK(serve(queue) == &waiter);
    CHECK(queue.empty());
  }

  TEST_CASE("a higher priority goes first, whenever it came") {
    WaitQueue queue;
    std::array<Waiter, 3> waiters;
    push(queue, waiters[0], Priority::Maintenance);
    push(queue, waiters[1], Priority::Telemetry);
    push(queue, waiters[2], Priority::Control);
    CHECK(serve(queue) == &waiters[2]);
    CHECK(serve(queue) == &waiters[1]);
    CHECK(serve(queue) == &waiters[0]);
  }

  TEST_CASE("whoever gives up leaves the others in their order") {
    WaitQueue queue;
    std::array<Waiter, 4> waiters;
    for (Waiter& waiter : waiters) push(queue, waiter, Priority::Telemetry);
    queue.remove(waiters[1], false);
    queue.remove(waiters[3], false);
    CHECK(queue.size() == 2);
    CHECK(serve(queue) == &waiters[0]);
    CHECK(serve(queue) == &waiters[2]);
    push(queue, waiters[3], Priority::Telemetry);
    CHECK(serve(queue) == &waiters[3]);
  }

  TEST_CASE("one that was passed over eight times is served next") {
    for (const Priority lower : {Priority::Telemetry, Priority::Maintenance}) {
      WaitQueue queue;
      Waiter patient;
      push(queue, patient, lower);
      std::array<Waiter, 12> others;
      for (Waiter& other : others) push(queue, other, Priority::Control);
      for (unsigned i = 0; i < WaitQueue::kPatience; ++i) CHECK(serve(queue) == &others[i]);
      CHECK(serve(queue) == &patient);
      CHECK(serve(queue) == &others[WaitQueue::kPatience]);
    }
  }

  TEST_CASE("after its turn a lower lane is passed over eight times again") {
    WaitQueue queue;
    std::array<Waiter, 2> patient;
    for (Waiter& waiter : patient) push(queue, waiter, Priority::Maintenance);
    std::array<Waiter, 32> others;
    for (Waiter& other : others) push(queue, other, Priority::Telemetry);
    std::string order;
    while (Waiter* next = serve(queue)) order += next->priority == Priority::Maintenance ? 'm' : 't';
    CHECK(order == "ttttttttmttttttttmtttttttttttttttt");
  }

  TEST_CASE("two lanes that were passed over both come to their turn") {
    WaitQueue queue;
    Waiter telemetry;
    Waiter maintenance;
    push(queue, telemetry, Priority::Telemetry);
    push(queue, maintenance, Priority::Maintenance);
    std::array<Waiter, 10> others;
    for (Waiter& other : others) push(queue, other, Priority::Control);
    for (unsigned i = 0; i < WaitQueue::kPatience; ++i) serve(queue);
    const std::array<Waiter*, 2> next{serve(queue), serve(queue)};
    CHECK(next[0] != next[1]);
    for (const Waiter* waiter : next) CHECK((waiter == &telemetry || waiter == &maintenance));
  }

  TEST_CASE("beside one thread only those are served that belong to it or that others may be waiting for") {
    WaitQueue queue;
    std::array<Waiter, 3> waiters;
    for (std::size_t i = 0; i < waiters.size(); ++i) waiters[i].holder.thread = i + 1;
    push(queue, waiters[0], Priority::Control);
    push(queue, waiters[1], Priority::Telemetry);
    CHECK(queue.firstBeside(2) == &waiters[1]);
    CHECK(queue.firstBeside(3) == nullptr);
    waiters[2].nested = true;
    push(queue, waiters[2], Priority::Maintenance);
    CHECK(queue.firstBeside(4) == &waiters[2]);
  }

  TEST_CASE("giving up does not count as being served") {
    WaitQueue queue;
    Waiter patient;
    push(queue, patient, Priority::Telemetry);
    std::array<Waiter, 20> others;
    for (Waiter& other : others) push(queue, other, Priority::Control);
    for (std::size_t i = 0; i < 10; ++i) queue.remove(others[i], false);
    CHECK(queue.front() == &others[10]);
  }

  TEST_CASE("the turns that one waited for are not inherited by the next in its lane") {
    WaitQueue queue;
    Waiter impatient;
    push(queue, impatient, Priority::Telemetry);
    std::array<Waiter, 12> others;
    for (Waiter& other : others) push(queue, other, Priority::Control);
    for (unsigned i = 0; i < WaitQueue::kPatience; ++i) serve(queue);
    queue.remove(impatient, false);
    Waiter newcomer;
    push(queue, newcomer, Priority::Telemetry);
    CHECK(queue.front() == &others[WaitQueue::kPatience]);
  }
}
