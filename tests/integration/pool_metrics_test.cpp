// Every figure moves for its reason, and for no other.

#include <doctest/doctest.h>

#include <array>
#include <thread>

#include <nlohmann/json.hpp>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

bool isMonotone(const LatencySummary& summary) {
  return summary.p50 <= summary.p90 && summary.p90 <= summary.p99 && summary.p99 <= summary.p999 &&
         (summary.count == 0) == (summary.max.count() == 0);
}

}  // namespace

TEST_SUITE("pool/metrics") {
  TEST_CASE("handles and waiters are counted as they are now") {
    PoolFixture fixture(4);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    PoolMetrics metrics = pool.metrics();
    CHECK(metrics.poolSize == 4);
    CHECK(metrics.totalConnections == 1);
    CHECK(metrics.idleConnections == 1);
    CHECK(metrics.poolUtilization == 0);
    PooledConnection writer = pool.acquire();
    const PooledConnection reader = pool.acquire(Access::Read);
    std::jthread waiter([&] { pool.acquire(Access::Write, kPatience); });
    REQUIRE(eventually([&] { return pool.metrics().pendingRequests == 1; }));
    metrics = pool.metrics();
    CHECK(metrics.totalConnections == 2);
    CHECK(metrics.activeConnections == 2);
    CHECK(metrics.idleConnections == 0);
    CHECK(metrics.poolUtilization == doctest::Approx(50.0));
    writer.release();
    waiter.join();
    metrics = pool.metrics();
    CHECK(metrics.pendingRequests == 0);
    CHECK(metrics.activeConnections == 1);
    CHECK(metrics.acquires == 3);
    CHECK(metrics.acquireWaits == 1);
    CHECK(metrics.acquireTimeouts == 0);
    CHECK(metrics.acquireLatency.count >= 1);
  }

  TEST_CASE("an acquire that runs out of time is counted, one that does not wait is no wait") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    const PooledConnection held = pool.acquire();
    CHECK_FALSE(pool.tryAcquire());
    CHECK(pool.metrics().acquireWaits == 0);
    CHECK(pool.metrics().acquireTimeouts == 0);
    std::jthread([&] {
      CHECK(codeOf([&] { pool.acquire(Access::Write, 200ms); }) == ErrorCode::PoolExhausted);
    }).join();
    CHECK(pool.metrics().acquireWaits == 1);
    CHECK(pool.metrics().acquireTimeouts == 1);
    CHECK(pool.metrics().acquires == 1);
  }

  TEST_CASE("statements are counted, failed ones too, and stay counted when their handle goes") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    const auto counts = [&] {
      const PoolMetrics m = pool.metrics();
      return std::array<std::uint64_t, 4>{m.totalQueries, m.queryErrors, m.statementCacheHits, m.statementCacheMisses};
    };
    pool.run("CREATE TABLE t(x UNIQUE)");
    CHECK(counts() == std::array<std::uint64_t, 4>{1, 0, 0, 1});
    pool.run("INSERT INTO t VALUES (?)", 1);
    CHECK(counts() == std::array<std::uint64_t, 4>{2, 0, 0, 2});
    CHECK(codeOf([&] { pool.run("INSERT INTO t VALUES (?)", 1); }) == ErrorCode::Constraint);
    CHECK(codeOf([&] { pool.run("NOT SQL"); }) == ErrorCode::InvalidSql);
    pool.acquire().discard();
    const auto before = counts();
    CHECK(before[0] == 4);
    CHECK(before[1] == 2);
    pool.query("SELECT * FROM t");
    fixture.clock->advance(1h);
    pool.tick();
    CHECK(counts()[0] == 5);
    CHECK(pool.metrics().connectionsCreated == pool.metrics().connectionsDestroyed + pool.metrics().totalConnections);
  }

  TEST_CASE("the cache's evictions are counted") {
    PoolFixture fixture(1);
    fixture.config.statementCacheEntries = 2;
    fixture.open();
    for (int i = 0; i < 5; ++i) fixture.pool.query(Sql::unchecked("SELECT " + std::to_string(i)));
    CHECK(fixture.pool.metrics().statementCacheEvictions == 3);
  }

  TEST_CASE("transactions are counted by how they ended") {
    PoolFixture fixture(2);
    fixture.openWithRows(1);
    ConnectionPool& pool = fixture.pool;
    const auto counts = [&] {
      const PoolMetrics m = pool.metrics();
      return std::pair(m.transactionsCommitted, m.transactionsRolledBack);
    };
    const auto start = counts();
    CHECK(start == std::pair<std::uint64_t, std::uint64_t>(1, 0));
    const std::uint64_t timed = pool.metrics().transactionLatency.count;
    SUBCASE("of the callback form") {
      pool.transaction([](Transaction& tx) { tx.run("DELETE FROM item"); });
      CHECK(counts() == std::pair(start.first + 1, start.second));
      CHECK_THROWS(pool.transaction([](Transaction&) { throw std::runtime_error("no"); }));
      CHECK(counts() == std::pair(start.first + 1, start.second + 1));
      pool.transaction([](Transaction& tx) { tx.rollback(); });
      CHECK(counts() == std::pair(start.first + 1, start.second + 2));
      pool.transaction(
          [](Transaction& tx) { tx.transaction([](Transaction& nested) { nested.run("DELETE FROM item"); }); });
      CHECK(counts() == std::pair(start.first + 2, start.second + 2));
      CHECK(pool.metrics().transactionLatency.count == timed + 3);
    }
    SUBCASE("by hand") {
      Transaction tx = pool.begin();
      tx.run("DELETE FROM item");
      tx.commit();
      CHECK(counts() == std::pair(start.first + 1, start.second));
      { const Transaction dropped = pool.begin(); }
      CHECK(counts() == std::pair(start.first + 1, start.second + 1));
    }
    CHECK(pool.metrics().transactionRetries == 0);
  }

  TEST_CASE("the log's length is told, and checkpoints are counted") {
    PoolFixture fixture(2);
    fixture.config.checkpointPages = 16;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    pool.run("CREATE TABLE t(x)");
    CHECK(pool.metrics().walPages > 0);
    CHECK(pool.metrics().checkpoints == 0);
    for (int i = 0; i < 20; ++i) pool.run("INSERT INTO t VALUES (zeroblob(4000))");
    const std::uint64_t automatic = pool.metrics().checkpoints;
    CHECK(automatic >= 1);
    CHECK(pool.checkpoint().complete);
    CHECK(pool.metrics().checkpoints == automatic + 1);
    CHECK(pool.metrics().walPages == 0);
    CHECK(pool.metrics().checkpointsBlocked == 0);
    CHECK(fixture.events->count(EventKind::Checkpoint) == automatic + 1);
  }

  TEST_CASE("latencies are monotone in the percentile, and the average is that of the statements") {
    PoolFixture fixture(3);
    fixture.openWithRows(500);
    for (int i = 0; i < 1000; ++i) {
      fixture.pool.query("SELECT * FROM item WHERE id = ?", i % 500);
      if (i % 50 == 0) fixture.pool.query("SELECT count(*) FROM item a, item b WHERE a.id + b.id = ?", i);
    }
    fixture.pool.acquire().discard();
    const PoolMetrics metrics = fixture.pool.metrics();
    for (const LatencySummary& summary :
         {metrics.acquireLatency, metrics.queryLatency, metrics.transactionLatency, metrics.recoveryLatency}) {
      CHECK(isMonotone(summary));
      CHECK(summary.count > 0);
      CHECK(summary.mean.count() > 0);
      CHECK(summary.mean <= summary.max);
    }
    CHECK(metrics.averageQueryTime == metrics.queryLatency.mean);
  }

  TEST_CASE("memory figures are SQLite's own") {
    PoolFixture fixture(2);
    fixture.config.memoryLimit = 8 * MiB;
    fixture.openWithRows(100);
    const PoolMetrics metrics = fixture.pool.metrics();
    CHECK(metrics.memoryUsedBytes > 0);
    CHECK(metrics.memoryPeakBytes >= metrics.memoryUsedBytes);
    CHECK(metrics.memoryLimitBytes == 8 * MiB);
    CHECK(metrics.memoryStage == MemoryStage::Normal);
    CHECK(metrics.memoryRefusals == 0);
    CHECK(metrics.memoryReliefs == 0);
  }

  TEST_CASE("toJson() has every figure") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    const nlohmann::json json = toJson(fixture.pool.metrics());
    for (const char* name : {"poolSize",
                             "totalConnections",
                             "activeConnections",
                             "idleConnections",
                             "pendingRequests",
                             "poolUtilization",
                             "totalQueries",
                             "averageQueryTimeNanoseconds",
                             "queryErrors",
                             "connectionErrors",
                             "acquires",
                             "acquireWaits",
                             "acquireTimeouts",
                             "connectionsCreated",
                             "connectionsDestroyed",
                             "connectionsRenewed",
                             "connectionsRecovered",
                             "connectionsIdledOut",
                             "verifications",
                             "leaksReported",
                             "leasesForced",
                             "statesRestored",
                             "transactionsCommitted",
                             "transactionsRolledBack",
                             "transactionRetries",
                             "statementCacheHits",
                             "statementCacheMisses",
                             "statementCacheEvictions",
                             "checkpoints",
                             "checkpointsBlocked",
                             "walPages",
                             "memoryUsedBytes",
                             "memoryPeakBytes",
                             "memoryLimitBytes",
                             "memoryStage",
                             "memoryRefusals",
                             "memoryReliefs"}) {
      CHECK_MESSAGE(json.contains(name), name);
    }
    for (const char* name :
         {"acquireLatency", "queryLatency", "transactionLatency", "recoveryLatency", "queueLatency", "commitLatency"}) {
      REQUIRE(json.contains(name));
      for (const char* part : {"count", "meanNanoseconds", "p50Nanoseconds", "p90Nanoseconds", "p99Nanoseconds",
                               "p999Nanoseconds", "maxNanoseconds"}) {
        CHECK_MESSAGE(json[name].contains(part), part);
      }
    }
    CHECK(json.size() == 72);
    CHECK(json["transactionsCommitted"] == 1);
  }
}
