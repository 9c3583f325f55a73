#pragma once

#include <chrono>
#include <cstdint>

#include "metrics/histogram.hpp"

namespace holdfast {

/// Measures one call in 61, with that weight: reading the clock costs as much as 1 % of a point read. A prime, so that
/// a program that repeats itself is not always met at the same statement; and not the first call, which is cold.
class SampledTimer {
 public:
  SampledTimer(std::uint64_t number, LatencyHistogram& histogram) noexcept
      : histogram_(number % kEvery == kEvery - 1 ? &histogram : nullptr) {
    if (histogram_ != nullptr) start_ = std::chrono::steady_clock::now();
  }
  SampledTimer(const SampledTimer&) = delete;
  SampledTimer& operator=(const SampledTimer&) = delete;
  ~SampledTimer() {
    if (histogram_ != nullptr) histogram_->record(std::chrono::steady_clock::now() - start_, kEvery);
  }

 private:
  static constexpr std::uint64_t kEvery = 61;
  LatencyHistogram* histogram_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace holdfast
