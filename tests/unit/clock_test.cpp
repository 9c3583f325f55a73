#include <holdfast/clock.hpp>

#include <doctest/doctest.h>

#include <chrono>

#include "core/port/clock.hpp"
#include "support/manual_clock.hpp"

using namespace std::chrono_literals;

TEST_SUITE("core/clock") {
  TEST_CASE("the system clock is on the time line of the steady clock and at most a tick behind") {
    const auto before = std::chrono::steady_clock::now();
    const auto now = holdfast::systemClock().now();
    const auto after = std::chrono::steady_clock::now();
    CHECK(now <= after);
    CHECK(now >= before - 20ms);
  }

  TEST_CASE("the system clock never goes backwards") {
    auto last = holdfast::port::coarseSteadyNow();
    for (int i = 0; i < 10'000; ++i) {
      const auto now = holdfast::systemClock().now();
      REQUIRE(now >= last);
      last = now;
    }
  }

  TEST_CASE("there is one system clock") { CHECK(&holdfast::systemClock() == &holdfast::systemClock()); }

  TEST_CASE("a manual clock moves only when it is told to") {
    holdfast::test::ManualClock clock;
    const auto start = clock.now();
    CHECK(clock.now() == start);
    clock.advance(3s);
    CHECK(clock.now() == start + 3s);
  }
}
