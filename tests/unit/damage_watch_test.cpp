#include "pool/damage_watch.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using holdfast::Clock;
using holdfast::DamageWatch;
using holdfast::RecoveryAction;
using holdfast::RecoveryReport;

namespace {

Clock::TimePoint at(std::chrono::seconds time) { return Clock::TimePoint(time); }

struct Started {
  Started() { watch.start(10s); }
  DamageWatch watch;
};

}  // namespace

TEST_SUITE("pool/damage_watch") {
  TEST_CASE("what is suspected is due at once, for one caller") {
    Started s;
    CHECK_FALSE(s.watch.isDue(at(1s)));
    CHECK_FALSE(s.watch.takeDue(at(1s)));
    s.watch.suspect(at(1s));
    CHECK(s.watch.isSuspected());
    CHECK(s.watch.isDue(at(1s)));
    CHECK(s.watch.takeDue(at(1s)));
    CHECK_FALSE(s.watch.isSuspected());
    CHECK_FALSE(s.watch.takeDue(at(1s)));
    s.watch.suspect(at(1s));  // It is being looked into.
    CHECK_FALSE(s.watch.takeDue(at(1s)));
  }

  TEST_CASE("what can neither be confirmed nor repaired is tried again after pauses that double") {
    Started s;
    s.watch.suspect(at(0s));
    std::chrono::seconds now{0};
    for (const std::chrono::seconds pause : {10s, 20s, 40s, 80s, 160s, 320s, 640s, 640s}) {
      REQUIRE(s.watch.takeDue(at(now)));
      s.watch.postpone(at(now));
      CHECK_FALSE(s.watch.isDue(at(now + pause - 1s)));
      now += pause;
      CHECK(s.watch.isDue(at(now)));
    }
    REQUIRE(s.watch.takeDue(at(now)));
    s.watch.clear(at(now), {});
    s.watch.suspect(at(now));
    REQUIRE(s.watch.takeDue(at(now)));
    s.watch.postpone(at(now));
    CHECK(s.watch.isDue(at(now + 10s)));
  }

  TEST_CASE("a check that found nothing rests for as long as it took") {
    Started s;
    s.watch.suspect(at(0s));
    REQUIRE(s.watch.takeDue(at(0s)));
    s.watch.clear(at(5s), 5s);
    s.watch.suspect(at(6s));
    CHECK(s.watch.isSuspected());
    CHECK_FALSE(s.watch.takeDue(at(9s)));
    CHECK(s.watch.takeDue(at(10s)));
  }

  TEST_CASE("what is left alone stays so until it begins anew") {
    Started s;
    s.watch.leaveAlone();
    CHECK(s.watch.isLeftAlone());
    s.watch.suspect(at(1s));
    CHECK_FALSE(s.watch.isSuspected());
    CHECK_FALSE(s.watch.takeDue(at(1h)));
    CHECK_FALSE(s.watch.lastRecovery().has_value());
    RecoveryReport report;
    report.action = RecoveryAction::Restored;
    s.watch.note(report);
    REQUIRE(s.watch.lastRecovery().has_value());
    CHECK(s.watch.lastRecovery()->action == RecoveryAction::Restored);
    s.watch.start(10s);
    CHECK_FALSE(s.watch.isLeftAlone());
    CHECK_FALSE(s.watch.lastRecovery().has_value());
  }
}
