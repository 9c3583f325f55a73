// Bounds of single calls, of reads and of posted work; and the end of asynchronous calls at close().

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : PoolFixture {
  explicit Opened(HousekeepingMode mode = HousekeepingMode::Manual) {
    config.busyTimeout = 60s;
    config.acquireTimeout = 60s;
    config.housekeeping = mode;
    openWithRows(3);
  }
  Watchdog watchdog{"a bound is not kept"};
};

constexpr Sql kEndless("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
constexpr Sql kEndlessWrite(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "INSERT INTO item(name) SELECT 'endless' FROM n");

constexpr auto kIgnore = [](const RowView& /*row*/) {};

}  // namespace

TEST_SUITE("integration/bounded_calls") {
  TEST_CASE("a call that is bounded works like any other") {
    Opened f;
    BoundedCalls calls = f.pool.with({.timeout = 60s, .priority = Priority::Control});
    CHECK(calls.run("INSERT INTO item(name) VALUES (?)", "four").changes == 1);
    CHECK(calls.query("SELECT * FROM item").size() == 4);
    CHECK(calls.queryValue<std::int64_t>("SELECT count(*) FROM item") == 4);
    CHECK(calls.queryOne("SELECT name FROM item WHERE id = ?", 4)->get<std::string>(0) == "four");
  }

  TEST_CASE("a statement that still runs at the deadline is ended") {
    Opened f;
    BoundedCalls calls = f.pool.with({.timeout = 50ms});
    CHECK(codeOf([&] { calls.query(kEndless); }) == ErrorCode::Timeout);
    CHECK(codeOf([&] { calls.queryValue<std::int64_t>(kEndless); }) == ErrorCode::Timeout);
    CHECK(codeOf([&] { calls.forEach(kEndless, kIgnore); }) == ErrorCode::Timeout);
    CHECK(codeOf([&] { calls.run(kEndlessWrite); }) == ErrorCode::Timeout);
    CHECK(codeOf([&] { f.pool.read([](ReadTransaction& tx) { tx.query(kEndless); }, {.timeout = 50ms}); }) ==
          ErrorCode::Timeout);
    CHECK(f.rows() == 3);
    CHECK(f.pool.metrics().connectionsRecovered == 0);
  }

  TEST_CASE("the bound of a call does not outlive it") {
    Opened f;
    f.config.poolSize = 1;  // One handle for all.
    f.reopen();
    CHECK(codeOf([&] { f.pool.with({.timeout = 1ms}).query(kEndless); }) == ErrorCode::Timeout);
    const auto later = std::chrono::steady_clock::now() + 5ms;
    eventually([later] { return std::chrono::steady_clock::now() > later; });
    CHECK(f.rows() == 3);
    f.pool.run("INSERT INTO item(name) VALUES ('four')");
    CHECK(f.rows() == 4);
  }

  TEST_CASE("a stop token ends a read that runs and one that waits") {
    Opened f;
    f.config.poolSize = 2;
    f.reopen();
    std::stop_source stop;
    std::optional<ErrorCode> running;
    std::optional<ErrorCode> waiting;
    std::thread reader([&] { running = codeOf([&] { f.pool.with({.cancel = stop.get_token()}).query(kEndless); }); });
    CHECK(eventually([&] { return f.pool.metrics().activeConnections == 1; }));
    std::thread next([&] {
      waiting =
          codeOf([&] { f.pool.read([](ReadTransaction& tx) { tx.query("SELECT 1"); }, {.cancel = stop.get_token()}); });
    });
    CHECK(eventually([&] { return f.pool.metrics().pendingRequests == 1; }));
    stop.request_stop();
    reader.join();
    next.join();
    CHECK(running == ErrorCode::Interrupted);
    CHECK(waiting == ErrorCode::Interrupted);
    CHECK(f.rows() == 3);
  }

  TEST_CASE("a read that finds no handle in time is told who has them") {
    Opened f;
    f.config.poolSize = 2;
    f.reopen();
    const PooledConnection held = f.pool.acquire(Access::Read);
    std::optional<Error> error;
    std::thread other([&] { error = errorOf([&] { f.pool.with({.timeout = 5ms}).query("SELECT 1"); }); });
    other.join();
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::PoolExhausted);
    CHECK(contains(error->what(), "held for"));
  }

  TEST_CASE("a stop token ends the pause before another attempt") {
    Opened f;
    f.config.busyTimeout = 0ms;
    f.config.retry.initialDelay = 60s;
    f.config.retry.maxDelay = 60s;
    f.config.retry.jitter = 0;
    f.reopen();
    RawSqlite other(f.config.database);
    other.run("BEGIN IMMEDIATE");
    std::stop_source stop;
    std::optional<ErrorCode> code;
    std::thread writer(
        [&] { code = codeOf(f.inserts("x", {.timeout = 1h, .maxRetries = 5, .cancel = stop.get_token()})); });
    CHECK(eventually([&] { return f.pool.metrics().transactionRetries == 1; }));
    stop.request_stop();
    writer.join();
    CHECK(code == ErrorCode::Interrupted);
    other.run("COMMIT");
    CHECK(f.rows() == 3);
  }

  TEST_CASE("posted work that has not begun at its deadline fails alone") {
    Opened f;
    std::stop_source stop;
    Future<RunResult> late = f.pool.post({.timeout = 0ms}, "INSERT INTO item(name) VALUES (?)", "late");
    Future<void> cancelled = f.pool.post([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('cancelled')"); },
                                         {.cancel = stop.get_token()});
    Future<RunResult> kept = f.pool.post({.timeout = 60s}, "INSERT INTO item(name) VALUES (?)", "kept");
    stop.request_stop();
    f.pool.flush();
    CHECK(codeOf([&] { late.get(); }) == ErrorCode::Timeout);
    CHECK(codeOf([&] { cancelled.get(); }) == ErrorCode::Interrupted);
    CHECK(kept.get().changes == 1);
    CHECK(f.rows() == 4);
  }

  TEST_CASE("posted work that still runs at its deadline is ended and the others are written") {
    Opened f;
    Future<RunResult> before = f.pool.post("INSERT INTO item(name) VALUES ('before')");
    Future<RunResult> endless = f.pool.post({.timeout = 50ms}, kEndlessWrite);
    Future<RunResult> after = f.pool.post("INSERT INTO item(name) VALUES ('after')");
    f.pool.flush();
    CHECK(codeOf([&] { endless.get(); }) == ErrorCode::Timeout);
    CHECK(before.get().changes == 1);
    CHECK(after.get().changes == 1);
    CHECK(f.names() == "item 1 item 2 item 3 before after");
  }

  TEST_CASE("an asynchronous read has the bounds that it is given") {
    Opened f;
    Future<void> read = f.pool.async([](ReadTransaction& tx) { tx.query(kEndless); }, {.timeout = 20ms});
    CHECK(codeOf([&] { read.get(); }) == ErrorCode::Timeout);
  }

  TEST_CASE("close() ends asynchronous calls that go on past closeTimeout and drops those that wait") {
    for (const HousekeepingMode mode : {HousekeepingMode::Manual, HousekeepingMode::Thread}) {
      Opened f(mode);
      f.config.closeTimeout = 20ms;
      f.reopen();
      std::atomic<bool> begun{false};
      Future<void> endless = f.pool.async([&begun](Transaction& tx) {
        begun = true;
        while (true) tx.run("UPDATE item SET name = 'changed'");
      });
      Future<void> waiting = f.pool.async([](Transaction& tx) { tx.run("DELETE FROM item"); });
      CHECK(eventually([&] { return begun.load(); }));
      f.pool.close();
      CHECK(codeOf([&] { endless.get(); }) == ErrorCode::LeaseRevoked);
      CHECK(codeOf([&] { waiting.get(); }) == ErrorCode::PoolClosed);
      f.open();
      CHECK(f.rows() == 3);
      CHECK(f.pool.queryValue<std::int64_t>("SELECT count(*) FROM item WHERE name = 'changed'") == 0);
    }
  }

  TEST_CASE("close() writes what asynchronous calls wait for where nobody else would") {
    Opened f;
    Future<std::int64_t> waits =
        f.pool.async([&f] { return f.pool.post("INSERT INTO item(name) VALUES ('posted')").get().lastInsertRowId; });
    f.pool.close();
    CHECK(waits.get() == 4);
    f.open();
    CHECK(f.rows() == 4);
  }

  TEST_CASE("what transactions spent their time on is measured phase by phase") {
    Opened f;
    for (int i = 0; i < 200; ++i) f.inserts("x")();
    const PoolMetrics metrics = f.pool.metrics();
    CHECK(metrics.lockLatency.count >= 122);
    CHECK(metrics.executionLatency.count >= 122);
    CHECK(metrics.commitLatency.count >= 200);
    CHECK(metrics.groupSizes[0] >= 200);
    f.pool.checkpoint();
    CHECK(f.pool.metrics().checkpoints > 0);
    CHECK(f.pool.metrics().logsTruncated > 0);
  }

  TEST_CASE("sizes of groups are counted in classes") {
    Opened f;
    for (int i = 0; i < 5; ++i) f.pool.post("INSERT INTO item(name) VALUES ('posted')");
    f.pool.flush();
    CHECK(f.pool.metrics().groupSizes[3] == 1);  // Five to eight.
    CHECK(f.pool.metrics().largestGroup == 5);
  }

  TEST_CASE("close() ends a callback that takes one lease after the other") {
    Opened f(HousekeepingMode::Thread);
    f.config.closeTimeout = 20ms;
    f.reopen();
    std::optional<ErrorCode> last;
    Future<void> stubborn = f.pool.async([&] {
      for (int refused = 0; refused < 3;) {
        last = codeOf([&] { f.pool.run("UPDATE item SET name = 'x'"); });
        if (last) ++refused;
      }
    });
    f.pool.close();
    stubborn.get();
    CHECK(last == ErrorCode::PoolClosed);
  }

  TEST_CASE("posted work with a deadline does not wait for the others") {
    Opened f(HousekeepingMode::Thread);
    f.config.postDelay = 1h;
    f.config.postBatch = 1000;
    f.reopen();
    Future<RunResult> whenever = f.pool.post("INSERT INTO item(name) VALUES ('whenever')");
    Future<RunResult> soon = f.pool.post({.timeout = 2min}, "INSERT INTO item(name) VALUES ('later')");
    Future<RunResult> sooner = f.pool.post({.timeout = 10s}, "INSERT INTO item(name) VALUES ('sooner')");
    REQUIRE(sooner.waitFor(3 * kPatience));
    CHECK(sooner.get().changes == 1);
    CHECK(whenever.waitFor(kPatience));
    CHECK(soon.waitFor(kPatience));
  }

  TEST_CASE("flush() writes all that can be written however many pieces are ended") {
    Opened f;
    std::vector<Future<RunResult>> good;
    std::vector<Future<RunResult>> bad;
    for (int i = 0; i < 8; ++i) {
      good.push_back(f.pool.post("INSERT INTO item(name) VALUES ('good')"));
      bad.push_back(f.pool.post({.timeout = 250ms}, kEndlessWrite));
    }
    f.pool.flush();
    CHECK(f.pool.metrics().pendingPosts == 0);
    for (auto& future : good) CHECK(future.get().changes == 1);
    for (auto& future : bad) CHECK(codeOf([&] { future.get(); }) == ErrorCode::Timeout);
    CHECK(f.rows() == 11);
  }

  TEST_CASE("undoing after a stop was asked for is not stopped itself") {
    Opened f;
    for (int i = 0; i < 1000; ++i) {
      std::stop_source stop;
      const auto interrupted = [&] {
        f.pool.transaction(
            [&](Transaction& tx) {
              tx.run("DELETE FROM item");
              tx.transaction([&](Transaction&) {
                stop.request_stop();
                throw std::runtime_error("no");
              });
            },
            {.durability = Durability::Off, .cancel = stop.get_token()});
      };
      REQUIRE_THROWS_AS(interrupted(), std::runtime_error);
    }
    CHECK(f.rows() == 3);
    CHECK(f.pool.metrics().connectionsRecovered == 0);
  }
}
