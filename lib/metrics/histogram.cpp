#include "metrics/histogram.hpp"

#include <algorithm>
#include <bit>

namespace holdfast {
namespace {

constexpr std::size_t kSubBucketBits = std::bit_width(LatencyHistogram::kSubBuckets) - 1;
static_assert(LatencyHistogram::kSubBuckets == std::size_t{1} << kSubBucketBits);

using Snapshot = std::array<std::uint64_t, LatencyHistogram::kBuckets>;

/// The upper edge of the bucket that the given part, in thousandths, of all durations does not exceed.
std::chrono::nanoseconds percentile(const Snapshot& buckets, std::uint64_t count, std::uint64_t thousandths) {
  const std::uint64_t rank = (count * thousandths + 999) / 1000;
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  while ((seen += buckets[bucket]) < rank) ++bucket;
  return std::chrono::nanoseconds(LatencyHistogram::upperEdge(bucket));
}

}  // namespace

std::size_t LatencyHistogram::bucketOf(std::uint64_t nanoseconds) noexcept {
  const std::uint64_t value = std::max<std::uint64_t>(nanoseconds, 1);
  const auto octave = static_cast<std::size_t>(std::bit_width(value)) - 1;
  // The bits behind the leading one; octaves with fewer than 8 values leave some of their buckets empty.
  const std::uint64_t mantissa =
      octave >= kSubBucketBits ? value >> (octave - kSubBucketBits) : value << (kSubBucketBits - octave);
  const auto within = static_cast<std::size_t>(mantissa - kSubBuckets);
  return std::min(octave * kSubBuckets + within, kBuckets - 1);
}

std::uint64_t LatencyHistogram::upperEdge(std::size_t bucket) noexcept {
  const std::size_t octave = bucket / kSubBuckets;
  const std::uint64_t next = std::uint64_t{kSubBuckets + bucket % kSubBuckets + 1} << octave;  // In units of 1/8 ns.
  return (next + kSubBuckets - 1) / kSubBuckets - 1;
}

void LatencyHistogram::record(std::chrono::nanoseconds duration, std::uint64_t weight) noexcept {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  buckets_[bucketOf(value)].fetch_add(weight, std::memory_order_relaxed);
  sum_.fetch_add(value * weight, std::memory_order_relaxed);
  std::uint64_t max = max_.load(std::memory_order_relaxed);
  while (value > max && !max_.compare_exchange_weak(max, value, std::memory_order_relaxed)) {
  }
}

LatencySummary LatencyHistogram::summary() const noexcept {
  Snapshot buckets;
  LatencySummary result;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    buckets[i] = buckets_[i].load(std::memory_order_relaxed);
    result.count += buckets[i];
  }
  if (result.count == 0) return result;
  result.mean = std::chrono::nanoseconds(sum_.load(std::memory_order_relaxed) / result.count);
  result.max = std::chrono::nanoseconds(max_.load(std::memory_order_relaxed));
  result.p50 = std::min(percentile(buckets, result.count, 500), result.max);
  result.p90 = std::min(percentile(buckets, result.count, 900), result.max);
  result.p99 = std::min(percentile(buckets, result.count, 990), result.max);
  result.p999 = std::min(percentile(buckets, result.count, 999), result.max);
  return result;
}

void LatencyHistogram::reset() noexcept {
  for (std::atomic<std::uint64_t>& bucket : buckets_) bucket.store(0, std::memory_order_relaxed);
  sum_.store(0, std::memory_order_relaxed);
  max_.store(0, std::memory_order_relaxed);
}

}  // namespace holdfast
