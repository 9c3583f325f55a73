#include "connection/heavy_statements.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::uint64_t kSort = 77;

std::atomic<int> beginnings{0};

/// Bounds them for the time of a test.
struct Bounded {
  explicit Bounded(std::size_t width) {
    beginnings = 0;
    HeavyStatements::instance().setWidth(
        width, +[]() noexcept { ++beginnings; });
  }
  Bounded(const Bounded&) = delete;
  Bounded& operator=(const Bounded&) = delete;
  ~Bounded() { HeavyStatements::instance().setWidth(0, nullptr); }
};

HeavyStatements::Figures figures() { return HeavyStatements::instance().figures(); }

SteadyClock::time_point later() { return SteadyClock::now() + kPatience; }

}  // namespace

TEST_SUITE("connection/heavy_statements") {
  TEST_CASE("without a bound no statement is heavy") {
    HeavyStatements::learn(kSort);
    CHECK_FALSE(HeavyStatements::contains(kSort));
    CHECK_FALSE(HeavyStatements::areBounded());
  }

  TEST_CASE("a heavy statement is known until it has run for a while") {
    const Bounded bounded(1);
    CHECK_FALSE(HeavyStatements::contains(kSort));
    HeavyStatements::learn(kSort);
    CHECK(HeavyStatements::contains(kSort));
    CHECK_FALSE(HeavyStatements::contains(kSort + 256));  // Which would lie in the same place.
    const HeavyStatements::Figures before = figures();
    int runs = 0;
    for (; HeavyStatements::contains(kSort); ++runs) {
      HeavyStatements::Permit permit;
      permit.enter(kSort, later());
    }
    CHECK(runs == 64);
    CHECK(figures().entered == before.entered + 64);
    CHECK(figures().waited == before.waited);
    CHECK(figures().running == 0);
  }

  TEST_CASE("one waits for another where only one may run") {
    const Watchdog watchdog("heavy statements");
    const Bounded bounded(1);
    std::optional<HeavyStatements::Permit> first(std::in_place);
    first->enter(kSort, later());
    std::atomic<bool> inside{false};
    std::jthread other([&] {
      HeavyStatements::Permit permit;
      permit.enter(kSort, later());
      inside = true;
    });
    std::this_thread::yield();
    CHECK_FALSE(inside);
    first.reset();
    CHECK(eventually([&] { return inside.load(); }));
    other.join();
    CHECK(figures().running == 0);
  }

  TEST_CASE("who has leave already has it for what he does inside") {
    const Bounded bounded(1);
    HeavyStatements::Permit outer;
    HeavyStatements::Permit inner;
    outer.enter(kSort, later());
    inner.enter(kSort, later());
    inner.enter(kSort, later());
    CHECK(figures().running == 1);
    inner.leave();
    CHECK(figures().running == 1);
    outer.leave();
    outer.leave();
    CHECK(figures().running == 0);
  }

  TEST_CASE("who cannot wait goes ahead") {
    const Watchdog watchdog("heavy statements");
    const Bounded bounded(1);
    HeavyStatements::Permit first;
    first.enter(kSort, later());
    SUBCASE("where the deadline has passed") {
      std::jthread([] {
        HeavyStatements::Permit permit;
        permit.enter(kSort, SteadyClock::time_point::min());
        CHECK(figures().running == 2);
      }).join();
    }
    SUBCASE("where it passes") {
      std::jthread([] {
        HeavyStatements::Permit permit;
        const auto deadline = SteadyClock::now() + 20ms;
        permit.enter(kSort, deadline);
        CHECK(SteadyClock::now() >= deadline);
        CHECK(figures().running == 2);
        permit.leave();
        CHECK(eventually([before = figures().waited] {
          HeavyStatements::Permit waiting;
          waiting.enter(kSort, SteadyClock::now() + 5ms);
          return figures().waited > before;
        }));
      }).join();
    }
    SUBCASE("where a stop is requested") {
      std::stop_source stop;
      std::jthread other([token = stop.get_token()] {
        HeavyStatements::Permit permit;
        permit.enter(kSort, later(), token);
        CHECK(figures().running == 2);
      });
      stop.request_stop();
    }
    SUBCASE("where there is no bound any more") {
      std::jthread other([] {
        HeavyStatements::Permit permit;
        permit.enter(kSort, later());
      });
      HeavyStatements::instance().setWidth(0, nullptr);
    }
  }

  TEST_CASE("the first one after a time without is told and the end of such a time is noticed once") {
    const Bounded bounded(2);
    HeavyStatements& all = HeavyStatements::instance();
    const std::uint32_t epoch = HeavyStatements::epoch();
    CHECK_FALSE(all.calmDown());
    for (int i = 0; i < 3; ++i) {
      HeavyStatements::Permit permit;
      permit.enter(kSort, later());
      CHECK_FALSE(all.calmDown());  // One runs.
    }
    CHECK(beginnings == 1);
    CHECK(HeavyStatements::epoch() == epoch + 1);
    CHECK(HeavyStatements::lately());
    CHECK(all.calmDown());
    CHECK_FALSE(HeavyStatements::lately());
    CHECK_FALSE(all.calmDown());
    HeavyStatements::Permit permit;
    permit.enter(kSort, later());
    permit.leave();
    CHECK(beginnings == 2);
    CHECK_FALSE(all.calmDown());  // One ran since.
    CHECK(all.calmDown());
  }
}
