#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bench {

/// Counts durations in buckets 1/16 of their value wide. Fixed size, so that measuring does not itself allocate.
/// Used by one thread at a time.
class LatencyHistogram {
 public:
  void add(std::chrono::nanoseconds latency) noexcept;
  void merge(const LatencyHistogram& other) noexcept;

  std::uint64_t count() const noexcept { return count_; }
  std::chrono::nanoseconds max() const noexcept { return max_; }
  /// The upper edge of the bucket that the part `q` (0 to 1) of all durations reaches.
  std::chrono::nanoseconds quantile(double q) const noexcept;

 private:
  static constexpr std::size_t kBuckets = 640;  // Reaches beyond ten minutes.

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::chrono::nanoseconds max_{0};
};

}  // namespace bench
