// Work that is posted: when it is carried out, and what its future says.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/pool_fixture.hpp"
#include "support/post_fixture.hpp"
#include "support/process_counts.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"
#include "support/write_line.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

using Opened = PostFixture;

constexpr HousekeepingMode kThread = HousekeepingMode::Thread;

}  // namespace

TEST_SUITE("integration/post") {
  TEST_CASE("posted work waits, and flush() writes all of it in the order of posting") {
    Opened f;
    std::vector<Future<RunResult>> futures;
    for (int i = 0; i < 5; ++i) futures.push_back(f.post("n" + std::to_string(i)));
    CHECK(f.names().empty());
    CHECK(f.pool.metrics().pendingPosts == 5);
    for (const auto& future : futures) CHECK_FALSE(future.ready());
    f.pool.flush();
    CHECK(f.names() == "n0 n1 n2 n3 n4");
    CHECK(f.pool.metrics().pendingPosts == 0);
    CHECK(f.pool.metrics().postedWork == 5);
    for (std::size_t i = 0; i < futures.size(); ++i) {
      REQUIRE(futures[i].ready());
      const RunResult result = futures[i].get();
      CHECK(result.changes == 1);
      CHECK(result.lastInsertRowId == static_cast<std::int64_t>(i + 1));
    }
    f.pool.flush();  // With nothing to write.
  }

  TEST_CASE("what others see is there once the future is") {
    Opened f(kThread);
    f.config.postDelay = 0ms;
    f.reopen();
    RawSqlite other(f.config.database);
    for (int i = 1; i <= 20; ++i) {
      f.post("x").get();
      CHECK(other.integer("SELECT count(*) FROM item") == i);
    }
  }

  TEST_CASE("the next transaction takes posted work along, and so does the next statement") {
    Opened f;
    Future<RunResult> first = f.post("posted");
    f.pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('mine')"); });
    CHECK(first.ready());
    CHECK(f.names() == "mine posted");
    const PoolMetrics metrics = f.pool.metrics();
    CHECK(metrics.groupCommits == 1);
    CHECK(metrics.groupedTransactions == 2);
    Future<RunResult> second = f.post("again");
    f.pool.run("INSERT INTO item(name) VALUES ('single')");
    CHECK(second.ready());
    CHECK(f.names() == "mine posted single again");
  }

  TEST_CASE("a group takes posted work along with its commit") {
    Opened f;
    Future<RunResult> posted;
    {
      WriteLine line(f.pool);
      posted = f.post("posted");
      for (int i = 0; i < 2; ++i) {
        REQUIRE(line.add(
            [&] { f.pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('x')"); }); }));
      }
    }
    CHECK(posted.ready());
    CHECK(f.names() == "x x posted");
    CHECK(f.pool.metrics().groupCommits == 1);
    CHECK(f.pool.metrics().groupedTransactions == 3);
  }

  TEST_CASE("flushing one piece of work saves no sync and is one transaction") {
    Opened f;
    const PoolMetrics before = f.pool.metrics();
    f.post("x");
    f.pool.flush();
    const PoolMetrics after = f.pool.metrics();
    CHECK(after.transactionsCommitted - before.transactionsCommitted == 1);
    CHECK(after.syncsSaved == before.syncsSaved);
  }

  TEST_CASE("callbacks return values, move-only ones too") {
    Opened f;
    Future<int> count = f.pool.post([](Transaction& tx) {
      tx.run("INSERT INTO item(name) VALUES ('a'), ('b')");
      return tx.queryValue<int>("SELECT count(*) FROM item").value();
    });
    Future<std::unique_ptr<int>> owned =
        f.pool.post([value = std::make_unique<int>(7)](Transaction&) mutable { return std::make_unique<int>(*value); });
    Future<void> nothing =
        f.pool.post([](Transaction& tx) { tx.transaction([](Transaction& in) { in.run("DELETE FROM item"); }); });
    f.pool.flush();
    CHECK(count.get() == 2);
    CHECK(*owned.get() == 7);
    nothing.get();
    CHECK(f.rows() == 0);
  }

  TEST_CASE("the values of a statement are copied when it is posted") {
    Opened f;
    std::string name = "before";
    f.pool.post("INSERT INTO item(name) VALUES (?)", name);
    name = "after!";
    f.pool.flush();
    CHECK(f.names() == "before");
  }

  TEST_CASE("postBatch pieces of work are written without anybody asking") {
    for (const HousekeepingMode mode : {kThread, HousekeepingMode::Manual}) {
      Opened f(mode);
      f.config.postBatch = 4;
      f.reopen();
      std::vector<Future<RunResult>> futures;
      for (int i = 0; i < 4; ++i) futures.push_back(f.post("n" + std::to_string(i)));
      if (mode == kThread) futures.back().wait();
      for (const auto& future : futures) CHECK(future.ready());
      CHECK(f.names() == "n0 n1 n2 n3");
    }
  }

  TEST_CASE("groupMaxBytes of bound values are written without anybody asking") {
    for (const HousekeepingMode mode : {kThread, HousekeepingMode::Manual}) {
      Opened f(mode);
      f.config.groupMaxBytes = 4 * KiB;
      f.reopen();
      Future<RunResult> small = f.post("small");
      Future<RunResult> large = f.post(std::string(5000, 'l'));
      if (mode == kThread) large.wait();
      CHECK(large.ready());
      CHECK(small.ready());
    }
  }

  TEST_CASE("work that is postDelay old is written without anybody asking") {
    Opened f(kThread);
    f.config.postDelay = 5ms;
    f.reopen();
    f.post("a").get();
    f.post("b").get();
    CHECK(f.names() == "a b");
  }

  TEST_CASE("without threads tick() writes what is postDelay old") {
    Opened f;
    f.config.postDelay = 1ms;
    f.reopen();
    const std::size_t threads = openThreads();
    Future<RunResult> posted = f.post("a");
    CHECK(eventually(
        [&] {
          f.pool.tick();
          return posted.ready();
        },
        5s));
    CHECK(f.names() == "a");
    CHECK(eventually([&] { return openThreads() == threads; }));
  }

  TEST_CASE("closing writes what is queued") {
    for (const HousekeepingMode mode : {kThread, HousekeepingMode::Manual}) {
      Opened f(mode);
      std::vector<Future<RunResult>> futures;
      for (int i = 0; i < 10; ++i) futures.push_back(f.post("x"));
      f.pool.close();
      for (Future<RunResult>& future : futures) {
        REQUIRE(future.ready());
        CHECK(future.get().changes == 1);
      }
      CHECK(RawSqlite(f.config.database).integer("SELECT count(*) FROM item") == 10);
      CHECK(codeOf([&] { f.post("late"); }) == ErrorCode::PoolClosed);
    }
  }

  TEST_CASE("destroying the pool writes what is queued") {
    TempDirectory directory;
    ConnectionConfig config;
    config.database = directory.file("test.db");
    config.postDelay = 1h;
    Future<RunResult> future;
    {
      ConnectionPool pool(config);
      pool.run("CREATE TABLE item(name TEXT)");
      future = pool.post("INSERT INTO item VALUES ('x')");
    }
    REQUIRE(future.ready());
    CHECK(RawSqlite(config.database).integer("SELECT count(*) FROM item") == 1);
  }

  TEST_CASE("a full queue keeps the poster waiting, and refuses after acquireTimeout") {
    Opened f(kThread);
    f.config.postCapacity = 2;
    f.config.postBatch = 2;
    f.config.acquireTimeout = 30ms;
    f.reopen();
    std::vector<Future<RunResult>> futures;
    {
      const PooledConnection held = f.pool.acquire();
      futures.push_back(f.post("a"));
      futures.push_back(f.post("b"));
      const auto error = errorOf([&] { f.post("c"); });
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::PoolExhausted);
      CHECK(contains(error->what(), "postCapacity"));
      CHECK(f.pool.metrics().pendingPosts == 2);
    }
    // Written once the handle is free: then there is room.
    CHECK(eventually([&] { return !codeOf([&] { futures.push_back(f.post("d")); }).has_value(); }));
    f.pool.close();
    for (Future<RunResult>& future : futures) CHECK(future.get().changes == 1);
    CHECK(RawSqlite(f.config.database).integer("SELECT count(*) FROM item") == 3);
  }

  TEST_CASE("flush() ends although others go on posting") {
    Opened f;
    std::atomic<bool> stop{false};
    std::vector<std::thread> posters;
    for (int i = 0; i < 2; ++i) {
      posters.emplace_back([&] {
        while (!stop) codeOf([&] { f.pool.post([](Transaction&) {}); });
      });
    }
    for (int i = 0; i < 20; ++i) {
      Future<RunResult> mine = f.post("x");
      f.pool.flush();
      CHECK(mine.waitFor(kPatience));
    }
    stop = true;
    for (std::thread& poster : posters) poster.join();
    CHECK(f.rows() == 20);
  }

  TEST_CASE("flush() writes all that was posted, however many rounds it takes") {
    PoolFixture fixture(2);
    fixture.config.postBatch = 2;
    fixture.openWithRows(0);
    holdfast::ConnectionPool& pool = fixture.pool;
    std::vector<holdfast::Future<holdfast::RunResult>> futures;
    {
      // Who holds the write handle only queues.
      const holdfast::PooledConnection lease = pool.acquire();
      for (int i = 0; i < 100; ++i) futures.push_back(pool.post("INSERT INTO item(name) VALUES (?)", i));
    }
    pool.flush();
    CHECK(pool.metrics().pendingPosts == 0);
    for (auto& future : futures) CHECK(future.ready());
    CHECK(pool.queryValue<int>("SELECT count(*) FROM item") == 100);
  }
  TEST_CASE("flush() makes durable what a database without durability has written") {
    holdfast::test::PoolFixture f;
    f.config.durability = holdfast::Durability::Off;
    f.openWithRows(1);
    auto posted = f.pool.post("INSERT INTO item(name) VALUES ('x')");
    f.pool.flush();
    CHECK(posted.get().changes == 1);
    CHECK(f.rows() == 2);
  }
}
