#include "support/latency_histogram.hpp"

#include <algorithm>
#include <bit>

namespace bench {

namespace {

constexpr std::uint64_t kSteps = 16;  // Buckets for each power of two.

std::size_t bucketOf(std::uint64_t value) {
  if (value < 2 * kSteps) return static_cast<std::size_t>(value);
  const auto shift = static_cast<std::uint64_t>(std::bit_width(value)) - 5;
  return static_cast<std::size_t>(shift * kSteps + (value >> shift));
}

std::uint64_t upperEdge(std::size_t bucket) {
  if (bucket < 2 * kSteps) return bucket;
  const std::uint64_t shift = bucket / kSteps - 1;
  return ((bucket - shift * kSteps + 1) << shift) - 1;
}

}  // namespace

void LatencyHistogram::add(std::chrono::nanoseconds latency) noexcept {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  ++buckets_[std::min(bucketOf(value), kBuckets - 1)];
  ++count_;
  max_ = std::max(max_, latency);
}

void LatencyHistogram::merge(const LatencyHistogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::chrono::nanoseconds LatencyHistogram::quantile(double q) const noexcept {
  const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(count_));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen > wanted) return std::min(max_, std::chrono::nanoseconds(upperEdge(i)));
  }
  return max_;
}

}  // namespace bench
