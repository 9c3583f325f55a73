#include "metrics/histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "core/port/thread.hpp"
#include "metrics/counter.hpp"
#include "support/where.hpp"

using namespace std::chrono_literals;
using holdfast::LatencyHistogram;
using holdfast::LatencySummary;

namespace {

constexpr std::size_t kLast = LatencyHistogram::kBuckets - 1;

}  // namespace

TEST_SUITE("metrics/histogram") {
  TEST_CASE("buckets follow each other without gap and overlap") {
    std::size_t bucket = LatencyHistogram::bucketOf(1);
    CHECK(bucket == 0);
    while (bucket < kLast) {
      const std::uint64_t edge = LatencyHistogram::upperEdge(bucket);
      REQUIRE(LatencyHistogram::bucketOf(edge) == bucket);
      const std::size_t next = LatencyHistogram::bucketOf(edge + 1);
      REQUIRE(next > bucket);
      bucket = next;
    }
  }

  TEST_CASE("a bucket is at most an eighth wider than its smallest duration") {
    for (std::uint64_t value = 1; value < std::uint64_t{1} << 39; value = value + value / 7 + 1) {
      const std::uint64_t edge = LatencyHistogram::upperEdge(LatencyHistogram::bucketOf(value));
      CAPTURE(value);
      REQUIRE(edge >= value);
      REQUIRE(edge - value <= value / 8);
    }
  }

  TEST_CASE("nothing falls out at the ends") {
    CHECK(LatencyHistogram::bucketOf(0) == 0);
    CHECK(LatencyHistogram::bucketOf((std::uint64_t{1} << 40) - 1) == kLast);
    CHECK(LatencyHistogram::bucketOf(std::uint64_t{1} << 40) == kLast);
    CHECK(LatencyHistogram::bucketOf(std::numeric_limits<std::uint64_t>::max()) == kLast);
    CHECK(LatencyHistogram::upperEdge(kLast) == (std::uint64_t{1} << 40) - 1);
  }

  TEST_CASE("an empty histogram is all zeros") {
    const LatencySummary summary = LatencyHistogram().summary();
    CHECK(summary.count == 0);
    CHECK(summary.mean == 0ns);
    CHECK(summary.p50 == 0ns);
    CHECK(summary.max == 0ns);
  }

  TEST_CASE("percentiles are the upper edges of their buckets but never above the exact maximum") {
    LatencyHistogram histogram;
    for (int i = 1; i <= 1000; ++i) histogram.record(std::chrono::microseconds(i));
    const LatencySummary summary = histogram.summary();
    const auto edgeOf = [](std::chrono::nanoseconds duration) {
      const auto bucket = LatencyHistogram::bucketOf(static_cast<std::uint64_t>(duration.count()));
      return std::chrono::nanoseconds(LatencyHistogram::upperEdge(bucket));
    };
    CHECK(summary.count == 1000);
    CHECK(summary.mean == 500'500ns);
    CHECK(summary.p50 == edgeOf(500us));
    CHECK(summary.p90 == std::min(edgeOf(900us), summary.max));
    CHECK(summary.p99 == std::min(edgeOf(990us), summary.max));
    CHECK(summary.p999 == std::min(edgeOf(999us), summary.max));
    CHECK(summary.max == 1ms);
  }

  TEST_CASE("the rarest tenth of a percent shows in p999 and not before") {
    LatencyHistogram histogram;
    for (int i = 0; i < 998; ++i) histogram.record(1us);
    histogram.record(1s);
    histogram.record(1s);
    CHECK(histogram.summary().p99 < 2us);
    CHECK(histogram.summary().p999 >= 1s);
  }

  TEST_CASE("a weight counts as so many calls") {
    LatencyHistogram histogram;
    histogram.record(100ns, 64);
    histogram.record(1us);
    CHECK(histogram.summary().count == 65);
    CHECK(histogram.summary().mean == std::chrono::nanoseconds((100 * 64 + 1000) / 65));
    CHECK(histogram.summary().p90 < 200ns);
    CHECK(histogram.summary().max == 1us);
  }

  TEST_CASE("negative and very long durations are counted at the ends") {
    LatencyHistogram histogram;
    histogram.record(-5ns);
    histogram.record(1h);
    CHECK(histogram.summary().count == 2);
    CHECK(histogram.summary().p50 == 1ns);
    CHECK(histogram.summary().p99 == std::chrono::nanoseconds((std::int64_t{1} << 40) - 1));
    CHECK(histogram.summary().max == 1h);
  }

  TEST_CASE("a reset histogram starts again") {
    LatencyHistogram histogram;
    histogram.record(1s);
    histogram.reset();
    CHECK(histogram.summary().count == 0);
    histogram.record(1us);
    CHECK(histogram.summary().max == 1us);
    CHECK(histogram.summary().mean == 1us);
  }

  TEST_CASE("nothing that several threads record is lost" * doctest::skip(holdfast::test::kWithoutThreads)) {
    constexpr int kThreads = 4;
    constexpr int kRecords = 5000;
    LatencyHistogram histogram;
    holdfast::Counter counter;
    {
      std::vector<holdfast::port::Thread> threads;
      for (int t = 1; t <= kThreads; ++t) {
        threads.emplace_back("record", [&histogram, &counter, t] {
          for (int i = 1; i <= kRecords; ++i) {
            histogram.record(std::chrono::nanoseconds(i * t));
            counter.add();
          }
        });
      }
    }
    CHECK(histogram.summary().count == kThreads * kRecords);
    CHECK(histogram.summary().max == std::chrono::nanoseconds(kThreads * kRecords));
    CHECK(counter.value() == kThreads * kRecords);
    counter.reset();
    CHECK(counter.value() == 0);
  }

  TEST_CASE("a counter of one owner counts what its owner adds") {
    holdfast::OwnedCounter counter;
    counter.add();
    counter.add(4);
    CHECK(counter.value() == 5);
  }
}
