// Calls on the pool's own threads.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/child_process.hpp"
#include "support/job.hpp"
#include "support/pool_fixture.hpp"
#include "support/process_counts.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : PoolFixture {
  explicit Opened(std::size_t threads = 1, std::size_t capacity = 64) {
    config.asyncThreads = threads;
    config.asyncCapacity = capacity;
    config.acquireTimeout = 60s;
    config.closeTimeout = 60s;
    openWithRows(0);
  }
  Watchdog watchdog{"an asynchronous call does not end"};
};

std::int64_t insert(Transaction& tx, const std::string& name) {
  return tx.run("INSERT INTO item(name) VALUES (?)", name).lastInsertRowId;
}

struct Seen {
  std::int64_t written = 0;
  std::int64_t read = 0;
  std::int64_t posted = 0;
  std::optional<ErrorCode> error;
  std::atomic<bool> done{false};
};

/// Several calls after one another, of every kind.
Job chain(ConnectionPool& pool, Seen& seen) {
  for (int i = 0; i < 3; ++i) {
    seen.written = co_await pool.async([](Transaction& tx) { return insert(tx, "x"); });
  }
  seen.posted = (co_await pool.post("INSERT INTO item(name) VALUES ('posted')")).lastInsertRowId;
  seen.read = co_await pool.async(
      [](ReadTransaction& tx) { return tx.queryValue<std::int64_t>("SELECT count(*) FROM item").value(); });
  try {
    co_await pool.async([](Transaction& tx) { tx.run("not sql"); });
  } catch (const Error& error) {
    seen.error = error.code();
  }
  seen.done = true;
}

}  // namespace

TEST_SUITE("integration/async") {
  TEST_CASE("transactions, reads and plain calls run on another thread and return what they return") {
    Opened f;
    Future<std::int64_t> written = f.pool.async([](Transaction& tx) { return insert(tx, "a"); });
    CHECK(written.get() == 1);
    Future<std::string> read =
        f.pool.async([](ReadTransaction& tx) { return tx.queryValue<std::string>("SELECT name FROM item").value(); });
    CHECK(read.get() == "a");
    Future<std::thread::id> plain = f.pool.async([] { return std::this_thread::get_id(); });
    CHECK(plain.get() != std::this_thread::get_id());
    f.pool.async([&f] { f.pool.run("INSERT INTO item(name) VALUES ('b')"); }).get();
    CHECK(f.rows() == 2);
  }

  TEST_CASE("a transaction is durable once its future is ready") {
    Opened f;
    RawSqlite other(f.config.database);
    for (int i = 1; i <= 10; ++i) {
      f.pool.async([](Transaction& tx) { insert(tx, "x"); }).get();
      CHECK(other.integer("SELECT count(*) FROM item") == i);
    }
  }

  TEST_CASE("results and callbacks may be move-only") {
    Opened f;
    auto owned = std::make_unique<int>(7);
    Future<std::unique_ptr<int>> future =
        f.pool.async([owned = std::move(owned)](Transaction&) mutable { return std::make_unique<int>(*owned + 1); });
    CHECK(*future.get() == 8);
  }

  TEST_CASE("what the callback throws comes out of the future, and its changes are undone") {
    Opened f;
    Future<void> thrown = f.pool.async([](Transaction& tx) {
      insert(tx, "undone");
      throw std::runtime_error("of the callback");
    });
    CHECK_THROWS_AS(thrown.get(), std::runtime_error);
    CHECK(codeOf([&] { f.pool.async([](Transaction& tx) { tx.run("not sql"); }).get(); }) == ErrorCode::InvalidSql);
    CHECK(codeOf([&] { f.pool.async([](ReadTransaction& tx) { tx.run("DELETE FROM item"); }).get(); }) ==
          ErrorCode::Denied);
    CHECK(f.rows() == 0);
  }

  TEST_CASE("options are those of transaction()") {
    Opened f;
    std::atomic<int> runs{0};
    Future<void> future = f.pool.async(
        [&runs](Transaction&) {
          ++runs;
          throw Error(ErrorCode::Busy, "always");
        },
        {.maxRetries = 2});
    CHECK(codeOf([&] { future.get(); }) == ErrorCode::Busy);
    CHECK(runs == 3);
  }

  TEST_CASE("no thread is started before the first call, and none is left after close()") {
    Opened f(3);
    const std::size_t before = openThreads();
    f.pool.run("INSERT INTO item(name) VALUES ('x')");
    CHECK(eventually([&] { return openThreads() == before; }));
    f.pool.async([] {}).get();
    CHECK(eventually([&] { return openThreads() == before + 3; }));
    f.pool.close();
    CHECK(eventually([before] { return openThreads() == before; }));
  }

  TEST_CASE("a full queue keeps the caller waiting, and refuses after acquireTimeout") {
    Opened f(1, 2);
    f.config.acquireTimeout = 20ms;
    f.reopen();
    Gate gate;
    Gate running;
    std::vector<Future<void>> futures;
    futures.push_back(f.pool.async([&] {
      running.open();
      gate.pass();
    }));
    REQUIRE(running.pass());
    futures.push_back(f.pool.async([] {}));
    futures.push_back(f.pool.async([] {}));
    CHECK(f.pool.metrics().pendingAsync == 2);
    const auto error = errorOf([&] { f.pool.async([] {}); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::PoolExhausted);
    CHECK(contains(error->what(), "asyncCapacity"));
    gate.open();
    for (Future<void>& future : futures) future.get();
    f.pool.async([] {}).get();
  }

  TEST_CASE("a coroutine does one call after another") {
    Opened f;
    Seen seen;
    chain(f.pool, seen);
    CHECK(eventually([&] {
      f.pool.flush();  // Nobody else sees to the post.
      return seen.done.load();
    }));
    CHECK(seen.written == 3);
    CHECK(seen.posted == 4);
    CHECK(seen.read == 4);
    CHECK(seen.error == ErrorCode::InvalidSql);
  }

  TEST_CASE("close() lets everything that was taken run to its end") {
    Opened f(2);
    Gate gate;
    std::vector<Future<std::int64_t>> futures;
    for (int i = 0; i < 10; ++i) {
      futures.push_back(f.pool.async([&gate](Transaction& tx) {
        gate.pass();
        return insert(tx, "x");
      }));
    }
    std::thread closer([&] { f.pool.close(); });
    gate.open();
    closer.join();
    for (auto& future : futures) {
      REQUIRE(future.ready());
      CHECK(future.get() > 0);
    }
    CHECK(RawSqlite(f.config.database).integer("SELECT count(*) FROM item") == 10);
    CHECK(codeOf([&] { f.pool.async([] {}); }) == ErrorCode::PoolClosed);
    f.open();
    f.pool.async([](Transaction& tx) { insert(tx, "again"); }).get();
    CHECK(f.rows() == 11);
  }

  TEST_CASE("a call may start calls and post work, and close() waits for all of it") {
    Opened f;
    std::atomic<int> ran{0};
    f.pool
        .async([&] {
          f.pool.async([&](Transaction& tx) {
            insert(tx, "inner");
            ++ran;
          });
          f.pool.post("INSERT INTO item(name) VALUES ('posted')");
          ++ran;
        })
        .get();
    f.pool.close();
    CHECK(ran == 2);
    CHECK(RawSqlite(f.config.database).integer("SELECT count(*) FROM item") == 2);
  }

  TEST_CASE("close() by one of the pool's own threads is a misuse that harms nobody") {
    // In a child: where it went wrong the process would end.
    CHECK(inChild([] {
            Opened f;
            Future<void> future = f.pool.async([&] { f.pool.close(); });
            if (codeOf([&] { future.get(); }) != ErrorCode::Misuse) return 1;
            if (!f.pool.isOpen()) return 2;
            f.pool.async([](Transaction& tx) { insert(tx, "x"); }).get();
            f.pool.close();
            return 0;
          }) == 0);
  }

  TEST_CASE("a thread that waits in a lease's place is named by the caller's own line") {
    Opened f;
    Gate inside;
    Gate gate;
    Future<void> future = f.pool.async([&](Transaction&) {
      inside.open();
      gate.pass();
    });
    REQUIRE(inside.pass());
    const std::vector<LeaseInfo> leases = f.pool.leases();
    REQUIRE(leases.size() == 1);
    CHECK(contains(leases[0].place.file, "async_test.cpp"));
    gate.open();
    future.get();
  }
}
