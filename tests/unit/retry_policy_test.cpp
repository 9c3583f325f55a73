#include <holdfast/retry_policy.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>

using namespace std::chrono_literals;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::MemoryStage;
using holdfast::RetryPolicy;
using holdfast::toText;

namespace {

const Error kBusy(ErrorCode::Busy, "");

RetryPolicy steady() {
  RetryPolicy policy;
  policy.jitter = 0;
  return policy;
}

}  // namespace

TEST_SUITE("policy/retry_policy") {
  TEST_CASE("delays grow by the multiplier up to the cap") {
    RetryPolicy policy = steady();
    policy.maxRetries = 100;
    CHECK(policy.delayBefore(0, kBusy, MemoryStage::Normal, 0) == 1ms);
    CHECK(policy.delayBefore(1, kBusy, MemoryStage::Normal, 0) == 2ms);
    CHECK(policy.delayBefore(7, kBusy, MemoryStage::Normal, 0) == 128ms);
    CHECK(policy.delayBefore(8, kBusy, MemoryStage::Normal, 0) == 250ms);
    CHECK(policy.delayBefore(99, kBusy, MemoryStage::Normal, 0) == 250ms);
  }

  TEST_CASE("the steepest policy does not overflow") {
    RetryPolicy policy = steady();
    policy.maxRetries = 100;
    policy.multiplier = 10;
    policy.initialDelay = 1h;
    policy.maxDelay = 1h;
    CHECK(policy.delayBefore(99, kBusy, MemoryStage::Normal, 0) == 1h);
  }

  TEST_CASE("jitter takes off its part of the delay and no more") {
    RetryPolicy policy;
    policy.initialDelay = 100ms;
    policy.jitter = 0.5;
    CHECK(policy.delayBefore(0, kBusy, MemoryStage::Normal, 0) == 100ms);
    CHECK(policy.delayBefore(0, kBusy, MemoryStage::Normal, 0.5) == 75ms);
    CHECK(policy.delayBefore(0, kBusy, MemoryStage::Normal, 0.999999) >= 50ms);
    policy.jitter = 1;
    CHECK(policy.delayBefore(0, kBusy, MemoryStage::Normal, 0.999999) >= 0ms);
    CHECK(policy.delayBefore(0, kBusy, MemoryStage::Normal, 0.999999) < 1ms);
  }

  TEST_CASE("retries end after their number") {
    RetryPolicy policy;
    policy.maxRetries = 2;
    CHECK(policy.delayBefore(1, kBusy, MemoryStage::Normal, 0).has_value());
    CHECK_FALSE(policy.delayBefore(2, kBusy, MemoryStage::Normal, 0).has_value());
    policy.maxRetries = 0;
    CHECK_FALSE(policy.delayBefore(0, kBusy, MemoryStage::Normal, 0).has_value());
  }

  TEST_CASE("short memory leaves fewer retries and none when it is critical") {
    RetryPolicy policy;
    CHECK(policy.delayBefore(0, kBusy, MemoryStage::Pressure, 0).has_value());
    CHECK_FALSE(policy.delayBefore(1, kBusy, MemoryStage::Pressure, 0).has_value());
    CHECK_FALSE(policy.delayBefore(0, kBusy, MemoryStage::Critical, 0).has_value());
    policy.maxRetries = 0;
    CHECK_FALSE(policy.delayBefore(0, kBusy, MemoryStage::Pressure, 0).has_value());
  }

  TEST_CASE("only contention is retried") {
    const RetryPolicy policy;
    for (int i = 0; i <= static_cast<int>(ErrorCode::Internal); ++i) {
      const auto code = static_cast<ErrorCode>(i);
      CAPTURE(toText(code));
      CHECK(policy.delayBefore(0, Error(code, ""), MemoryStage::Normal, 0).has_value() == (code == ErrorCode::Busy));
    }
  }
}
