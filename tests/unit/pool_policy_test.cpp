#include "policy/pool_policy.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>

using namespace std::chrono_literals;
using holdfast::Clock;
using holdfast::ConnectionConfig;
using holdfast::isConnectionStale;
using holdfast::judge;
using holdfast::needsVerification;
using holdfast::openRetryPause;
using holdfast::renewalTime;
using holdfast::SlotFacts;
using holdfast::SlotState;
using holdfast::Verdict;

namespace {

constexpr Clock::TimePoint kNow{std::chrono::hours{1000}};

ConnectionConfig config() {
  ConnectionConfig config;
  config.minPoolSize = 2;
  config.idleTimeout = 5min;
  config.verifyAfter = 30s;
  config.leakThreshold = 1min;
  config.forceCleanupAfter = 3min;
  return config;
}

SlotFacts idle(Clock::Duration unused) {
  SlotFacts slot;
  slot.state = SlotState::Idle;
  slot.lastUsed = kNow - unused;
  slot.renewAt = Clock::TimePoint::max();
  return slot;
}

SlotFacts leased(Clock::Duration held) {
  SlotFacts slot;
  slot.state = SlotState::Leased;
  slot.leasedAt = kNow - held;
  slot.renewAt = kNow - 1h;  // Age does not matter while it is out.
  return slot;
}

SlotFacts empty(Clock::TimePoint retryAt) {
  SlotFacts slot;
  slot.retryAt = retryAt;
  return slot;
}

}  // namespace

TEST_SUITE("policy/pool_policy") {
  TEST_CASE("with dynamic sizing a spare handle is closed after three rounds without use") {
    ConnectionConfig dynamic = config();
    dynamic.dynamicSizing = true;
    dynamic.housekeepingInterval = 10s;
    CHECK(judge(idle(30s), dynamic, 3, kNow) == Verdict::Keep);
    CHECK(judge(idle(31s), dynamic, 3, kNow) == Verdict::CloseIdle);
    CHECK(judge(idle(31s), dynamic, 2, kNow) == Verdict::Keep);
    dynamic.idleTimeout = 5s;
    CHECK(judge(idle(6s), dynamic, 3, kNow) == Verdict::CloseIdle);
  }

  TEST_CASE("a spare handle is closed after idleTimeout and not at it") {
    CHECK(judge(idle(5min), config(), 3, kNow) == Verdict::Keep);
    CHECK(judge(idle(5min + 1ms), config(), 3, kNow) == Verdict::CloseIdle);
  }

  TEST_CASE("minPoolSize handles stay however idle") {
    CHECK(judge(idle(100h), config(), 2, kNow) == Verdict::Keep);
    CHECK(judge(idle(100h), config(), 1, kNow) == Verdict::Keep);
  }

  TEST_CASE("the write handle stays however many are open") {
    SlotFacts writer = idle(100h);
    writer.isWriter = true;
    CHECK(judge(writer, config(), 8, kNow) == Verdict::Keep);
  }

  TEST_CASE("a handle is renewed at its age, the write handle too") {
    for (const bool isWriter : {false, true}) {
      SlotFacts slot = idle(1s);
      slot.isWriter = isWriter;
      slot.renewAt = kNow + 1ms;
      CHECK(judge(slot, config(), 2, kNow) == Verdict::Keep);
      slot.renewAt = kNow;
      CHECK(judge(slot, config(), 2, kNow) == Verdict::Renew);
    }
  }

  TEST_CASE("a handle that is idle and aged is closed and not renewed") {
    SlotFacts slot = idle(100h);
    slot.renewAt = kNow - 1h;
    CHECK(judge(slot, config(), 3, kNow) == Verdict::CloseIdle);
    CHECK(judge(slot, config(), 2, kNow) == Verdict::Renew);
  }

  TEST_CASE("an empty slot is refilled up to minPoolSize and not before its pause is over") {
    CHECK(judge(empty(kNow), config(), 1, kNow) == Verdict::Refill);
    CHECK(judge(empty(kNow + 1ms), config(), 1, kNow) == Verdict::Keep);
    CHECK(judge(empty(kNow), config(), 2, kNow) == Verdict::Keep);
  }

  TEST_CASE("a lease is reported as a leak once") {
    SlotFacts slot = leased(1min);
    CHECK(judge(slot, config(), 2, kNow) == Verdict::Keep);
    slot = leased(1min + 1ms);
    CHECK(judge(slot, config(), 2, kNow) == Verdict::ReportLeak);
    slot.leakReported = true;
    CHECK(judge(slot, config(), 2, kNow) == Verdict::Keep);
  }

  TEST_CASE("a lease is forced back once, after it was reported") {
    SlotFacts slot = leased(3min);
    slot.leakReported = true;
    CHECK(judge(slot, config(), 2, kNow) == Verdict::Keep);
    slot = leased(3min + 1ms);
    slot.leakReported = true;
    CHECK(judge(slot, config(), 2, kNow) == Verdict::ForceBack);
    slot.forced = true;
    CHECK(judge(slot, config(), 2, kNow) == Verdict::Keep);
  }

  TEST_CASE("a lease that is due for both is reported before it is forced back") {
    // Housekeeping may come late: the report names the place, and force alone would lose it.
    CHECK(judge(leased(10min), config(), 2, kNow) == Verdict::ReportLeak);
  }

  TEST_CASE("zero switches leak reports and forced cleanup off") {
    ConnectionConfig off = config();
    off.leakThreshold = 0ms;
    off.forceCleanupAfter = 0ms;
    CHECK(judge(leased(100h), off, 2, kNow) == Verdict::Keep);
    off.forceCleanupAfter = 1min;
    CHECK(judge(leased(2min), off, 2, kNow) == Verdict::ForceBack);
  }

  TEST_CASE("age counts from creation, so steady use does not keep a handle for ever") {
    const Clock::TimePoint created = kNow - 1h;
    SlotFacts slot = idle(0s);
    slot.renewAt = renewalTime(created, 1h, 0);
    CHECK(isConnectionStale(slot, kNow));
    CHECK_FALSE(isConnectionStale(slot, kNow - 1ms));
  }

  TEST_CASE("renewal times of handles opened together lie within a tenth of the age") {
    CHECK(renewalTime(kNow, 1h, 0.0) == kNow + 1h);
    CHECK(renewalTime(kNow, 1h, 0.5) == kNow + 57min);
    CHECK(renewalTime(kNow, 1h, 0.999999) >= kNow + 54min);
    CHECK(renewalTime(kNow, 0ms, 0.5) == Clock::TimePoint::max());
  }

  TEST_CASE("a handle proves itself once it was unused for longer than verifyAfter") {
    CHECK_FALSE(needsVerification(idle(30s), config(), kNow));
    CHECK(needsVerification(idle(30s + 1ms), config(), kNow));
  }

  TEST_CASE("the pause after failed opens doubles up to 64 times the first") {
    CHECK(openRetryPause(200ms, 1, 0ms) == 200ms);
    CHECK(openRetryPause(200ms, 2, 0ms) == 400ms);
    CHECK(openRetryPause(200ms, 7, 0ms) == 12800ms);
    CHECK(openRetryPause(200ms, 8, 0ms) == 12800ms);
    CHECK(openRetryPause(200ms, 1000000, 0ms) == 12800ms);
    CHECK(openRetryPause(200ms, 8, 1h) == 12800ms);
    CHECK(openRetryPause(200ms, 8, 5s) == 2500ms);  // Who waits for five seconds sees the medium come back.
    CHECK(openRetryPause(200ms, 8, 100ms) == 200ms);
    CHECK(openRetryPause(200ms, 0, 0ms) == 200ms);
  }
}
