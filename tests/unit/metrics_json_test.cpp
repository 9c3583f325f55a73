#include <doctest/doctest.h>

#include <chrono>

#include <nlohmann/json.hpp>

#include <holdfast/metrics.hpp>

using namespace std::chrono_literals;
using holdfast::LatencySummary;
using holdfast::PoolMetrics;
using holdfast::toJson;
using nlohmann::json;

TEST_SUITE("metrics/metrics_json") {
  TEST_CASE("a latency is whole numbers of nanoseconds") {
    LatencySummary summary;
    summary.count = 6;
    summary.mean = 1us;
    summary.p50 = 2ns;
    summary.p90 = 3ns;
    summary.p99 = 4ns;
    summary.p999 = 5ns;
    summary.max = 1s;
    CHECK(toJson(summary) == json::parse(R"({"count": 6, "meanNanoseconds": 1000, "p50Nanoseconds": 2,
        "p90Nanoseconds": 3, "p99Nanoseconds": 4, "p999Nanoseconds": 5, "maxNanoseconds": 1000000000})"));
    CHECK(toJson(summary)["meanNanoseconds"].is_number_integer());
  }

  TEST_CASE("each figure stands under its own name") {
    PoolMetrics metrics;
    metrics.poolSize = 4;
    metrics.activeConnections = 3;
    metrics.poolUtilization = 75;
    metrics.totalQueries = 18'446'744'073'709'551'615U;
    metrics.averageQueryTime = 12us;
    metrics.walPages = 17;
    metrics.memoryUsedBytes = -1;
    metrics.memoryStage = holdfast::MemoryStage::Critical;
    metrics.recoveryLatency.count = 9;
    const json result = toJson(metrics);
    CHECK(result["poolSize"] == 4);
    CHECK(result["activeConnections"] == 3);
    CHECK(result["idleConnections"] == 0);
    CHECK(result["poolUtilization"] == 75.0);
    CHECK(result["totalQueries"] == 18'446'744'073'709'551'615U);
    CHECK(result["averageQueryTimeNanoseconds"] == 12000);
    CHECK(result["walPages"] == 17);
    CHECK(result["memoryUsedBytes"] == -1);
    CHECK(result["memoryStage"] == "critical");
    CHECK(result["recoveryLatency"]["count"] == 9);
    CHECK(result["acquireLatency"]["count"] == 0);
  }

  TEST_CASE("no figure is left out") {
    // On this platform every member takes 8 bytes but the stage, which is padded to them, the latencies and the two lists.
    constexpr std::size_t kLatencies = 8;
    constexpr std::size_t kOthers =
        kLatencies * sizeof(LatencySummary) + sizeof(PoolMetrics::groupSizes) + sizeof(PoolMetrics::recoveryTook);
    constexpr std::size_t kMembers = (sizeof(PoolMetrics) - kOthers) / 8 + kLatencies + 2;
    if constexpr (sizeof(std::size_t) == 8) CHECK(toJson(PoolMetrics{}).size() == kMembers);
  }
}
