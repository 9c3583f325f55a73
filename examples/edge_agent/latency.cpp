#include "latency.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace edge_agent {

// Below kSteps a bucket for each nanosecond; from there on the three bits after the leading one choose the step.
std::size_t LatencyRecorder::bucketOf(std::uint64_t nanoseconds) noexcept {
  if (nanoseconds < kSteps) return static_cast<std::size_t>(nanoseconds);
  const auto octave = static_cast<std::size_t>(std::bit_width(nanoseconds)) - 4;
  const std::size_t bucket = octave * kSteps + static_cast<std::size_t>(nanoseconds >> octave);
  return std::min(bucket, std::tuple_size_v<decltype(buckets_)> - 1);
}

std::uint64_t LatencyRecorder::upperEdge(std::size_t bucket) noexcept {
  if (bucket < 2 * kSteps) return bucket;
  const std::size_t octave = bucket / kSteps - 1;
  return ((std::uint64_t{bucket} - octave * kSteps + 1) << octave) - 1;
}

void LatencyRecorder::record(std::chrono::nanoseconds duration) {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  const std::lock_guard lock(mutex_);
  ++buckets_[bucketOf(nanoseconds)];
  ++count_;
  sum_ += nanoseconds;
  max_ = std::max(max_, nanoseconds);
}

std::chrono::nanoseconds LatencyRecorder::percentile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return std::chrono::nanoseconds(std::min(upperEdge(bucket), max_));
  }
  return std::chrono::nanoseconds(max_);
}

holdfast::LatencySummary LatencyRecorder::summary() const {
  const std::lock_guard lock(mutex_);
  if (count_ == 0) return {};
  return {.count = count_,
          .mean = std::chrono::nanoseconds(sum_ / count_),
          .p50 = percentile(0.50),
          .p90 = percentile(0.90),
          .p99 = percentile(0.99),
          .p999 = percentile(0.999),
          .max = std::chrono::nanoseconds(max_)};
}

}  // namespace edge_agent
