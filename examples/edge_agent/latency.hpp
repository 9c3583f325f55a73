#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include <holdfast/metrics.hpp>

namespace edge_agent {

/// Percentiles of durations in a fixed amount of memory: buckets 1/8 of an octave wide, from 1 ns to about 18 minutes.
/// Any thread.
class LatencyRecorder {
 public:
  void record(std::chrono::nanoseconds duration);
  holdfast::LatencySummary summary() const;

 private:
  static constexpr std::size_t kSteps = 8;  // To the octave.
  static std::size_t bucketOf(std::uint64_t nanoseconds) noexcept;
  static std::uint64_t upperEdge(std::size_t bucket) noexcept;
  std::chrono::nanoseconds percentile(double share) const;

  mutable std::mutex mutex_;
  std::array<std::uint64_t, 40 * kSteps> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace edge_agent
