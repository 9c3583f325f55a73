#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <holdfast/metrics.hpp>

namespace holdfast {

/// Counts durations in buckets of 8 to the octave (12.5 % wide), from 1 ns to about 18 minutes; longer ones count in
/// the last. Fixed size, no allocation; record() is lock-free and called by any thread.
class LatencyHistogram {
 public:
  /// `weight`: how many calls the measured one stands for.
  void record(std::chrono::nanoseconds duration, std::uint64_t weight = 1) noexcept;
  LatencySummary summary() const noexcept;
  void reset() noexcept;

  static constexpr std::size_t kSubBuckets = 8;
  static constexpr std::size_t kBuckets = 40 * kSubBuckets;
  static std::size_t bucketOf(std::uint64_t nanoseconds) noexcept;
  /// The largest duration that falls into the bucket.
  static std::uint64_t upperEdge(std::size_t bucket) noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> sum_{0};
  std::atomic<std::uint64_t> max_{0};
};

}  // namespace holdfast
