// Deadlines, stop tokens, priorities and the memory that one transaction may take.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"
#include "support/write_line.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : PoolFixture {
  Opened() {
    config.busyTimeout = 60s;
    config.acquireTimeout = 60s;
    config.groupMaxDelay = 10s;
    openWithRows(0);
  }
  /// Nothing is left of what was ended, and the next one goes through.
  void checkUsable() {
    CHECK(rows() == 0);
    inserts("next")();
    CHECK(rows() == 1);
    CHECK(pool.metrics().connectionsRecovered == 0);
  }
  Watchdog watchdog{"a deadline is not kept"};
};

constexpr Sql kEndlessRead("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
constexpr Sql kEndlessWrite(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "INSERT INTO item(name) SELECT 'endless' FROM n");

}  // namespace

TEST_SUITE("integration/deadline") {
  TEST_CASE("a deadline that passes in line says so") {
    Opened f;
    std::optional<Error> error;
    {
      const PooledConnection held = f.pool.acquire();
      std::thread other([&] { error = errorOf(f.inserts("x", {.timeout = 20ms})); });
      other.join();
    }
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::PoolExhausted);
    CHECK(contains(error->what(), "in line"));
    CHECK_FALSE(contains(error->what(), "executing"));
    f.checkUsable();
  }

  TEST_CASE("a deadline that passes while another process holds the lock says so") {
    for (const bool byHand : {false, true}) {
      Opened f;
      RawSqlite other(f.config.database);
      other.run("BEGIN IMMEDIATE");
      const TransactionOptions options{.timeout = 30ms};
      const auto error =
          errorOf([&] { byHand ? static_cast<void>(f.pool.begin(options)) : f.inserts("x", options)(); });
      REQUIRE(error.has_value());
      CHECK((error->code() == ErrorCode::Busy || error->code() == ErrorCode::Timeout));
      CHECK(contains(error->what(), "for the lock"));
      other.run("COMMIT");
      f.checkUsable();
    }
  }

  TEST_CASE("a deadline that passes in a statement ends it, rolls back and says so") {
    for (const Sql& endless : {kEndlessRead, kEndlessWrite}) {
      Opened f;
      const auto error = errorOf([&] {
        f.pool.transaction(
            [&](Transaction& tx) {
              tx.run("INSERT INTO item(name) VALUES ('before')");
              tx.run(endless);
            },
            {.timeout = 100ms});
      });
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::Timeout);
      CHECK(contains(error->what(), "executing"));
      f.checkUsable();
    }
  }

  TEST_CASE("a deadline that passes between statements is noticed at the next one, or at the commit") {
    for (const bool another : {true, false}) {
      Opened f;
      int runs = 0;
      const auto error = errorOf([&] {
        f.pool.transaction(
            [&](Transaction& tx) {
              ++runs;
              tx.run("INSERT INTO item(name) VALUES ('x')");
              const auto later = std::chrono::steady_clock::now() + 60ms;
              eventually([later] { return std::chrono::steady_clock::now() >= later; });
              if (another) tx.run("INSERT INTO item(name) VALUES ('y')");
            },
            {.timeout = 50ms});
      });
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::Timeout);
      CHECK(runs == 1);
      f.checkUsable();
    }
  }

  TEST_CASE("a deadline does not outlive its transaction") {
    Opened f;
    f.inserts("a", {.timeout = 10s})();
    CHECK(codeOf([&] { f.pool.transaction([](Transaction& tx) { tx.run(kEndlessRead); }, {.timeout = 20ms}); }) ==
          ErrorCode::Timeout);
    const auto later = std::chrono::steady_clock::now() + 25ms;
    eventually([later] { return std::chrono::steady_clock::now() >= later; });
    const PooledConnection lease = f.pool.acquire();
    lease->run("INSERT INTO item(name) VALUES ('b')");
    CHECK(lease->queryValue<int>("SELECT count(*) FROM item") == 2);
  }

  TEST_CASE("a stop token ends the wait in line") {
    Opened f;
    std::stop_source stop;
    std::optional<ErrorCode> code;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add([&] { code = codeOf(f.inserts("x", {.cancel = stop.get_token()})); }));
      stop.request_stop();
      CHECK(eventually([&] { return f.pool.metrics().pendingRequests == 0; }));
    }
    CHECK(code == ErrorCode::Interrupted);
    f.checkUsable();
  }

  TEST_CASE("a stop token ends the wait for another process") {
    for (const int retries : {0, 5}) {
      Opened f;
      RawSqlite other(f.config.database);
      other.run("BEGIN IMMEDIATE");
      std::stop_source stop;
      std::thread stopper([&] {
        CHECK(eventually([&] { return f.pool.metrics().activeConnections == 1; }));
        stop.request_stop();
      });
      CHECK(codeOf(f.inserts("x", {.maxRetries = retries, .cancel = stop.get_token()})) == ErrorCode::Interrupted);
      stopper.join();
      other.run("COMMIT");
      f.checkUsable();
    }
  }

  TEST_CASE("a stop token ends a running statement") {
    for (const Sql& endless : {kEndlessRead, kEndlessWrite}) {
      Opened f;
      std::stop_source stop;
      std::uint64_t before = 0;
      Gate started;
      std::thread stopper([&] {
        started.pass();
        CHECK(eventually([&] { return f.pool.metrics().totalQueries > before; }));
        stop.request_stop();
      });
      CHECK(codeOf([&] {
              f.pool.transaction(
                  [&](Transaction& tx) {
                    before = f.pool.metrics().totalQueries;
                    started.open();
                    tx.run(endless);
                  },
                  {.cancel = stop.get_token()});
            }) == ErrorCode::Interrupted);
      stopper.join();
      f.checkUsable();
    }
  }

  TEST_CASE("a token that was stopped before lets nothing begin") {
    Opened f;
    std::stop_source stop;
    stop.request_stop();
    int runs = 0;
    CHECK(codeOf([&] { f.pool.transaction([&](Transaction&) { ++runs; }, {.cancel = stop.get_token()}); }) ==
          ErrorCode::Interrupted);
    CHECK(runs == 0);
    f.checkUsable();
  }

  TEST_CASE("who waits is served by priority, and in the order of asking within one") {
    Opened f;
    f.config.groupMaxTransactions = 1;
    f.reopen();
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts("m1", {.priority = Priority::Maintenance})));
      REQUIRE(line.add(f.inserts("t1")));
      REQUIRE(line.add(f.inserts("c1", {.priority = Priority::Control})));
      REQUIRE(line.add(f.inserts("m2", {.priority = Priority::Maintenance})));
      REQUIRE(line.add([&] { f.pool.run("INSERT INTO item(name) VALUES ('t2')"); }));
      REQUIRE(line.add(f.inserts("c2", {.priority = Priority::Control})));
    }
    CHECK(
        RawSqlite(f.config.database).text("SELECT group_concat(name, ' ') FROM (SELECT name FROM item ORDER BY id)") ==
        "c1 c2 t1 t2 m1 m2");
  }
}
