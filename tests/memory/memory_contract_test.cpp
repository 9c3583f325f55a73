// No operation is refused for memory that one handle alone could do in the same budget.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <atomic>
#include <thread>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Loaded : PoolFixture {
  Loaded(std::int64_t limit, std::size_t handles) : PoolFixture(handles) {
    config.memoryLimit = limit;
    config.acquireTimeout = 120s;
    config.durability = Durability::Off;
    open();
    pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, bucket INTEGER, name TEXT, data BLOB)");
    pool.transaction([](Transaction& tx) {
      tx.run(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
          "INSERT INTO item SELECT i, i % 100, 'name ' || (i * 7919 % 20011), zeroblob(200) FROM n");
    });
    sqlite3_memory_highwater(1);
  }
  /// Runs `work(n)` so many times on each of so many threads and returns the first error.
  template <typename F>
  std::string runOn(int threads, int times, F work) {
    std::mutex mutex;
    std::string first;
    {
      std::vector<std::jthread> all;
      for (int thread = 0; thread < threads; ++thread) {
        all.emplace_back([&, thread] {
          for (int n = 0; n < times; ++n) {
            if (const auto error = errorOf([&] { work(thread * times + n); })) {
              const std::lock_guard lock(mutex);
              if (first.empty()) first = error->what();
            }
          }
        });
      }
    }
    return first;
  }
};

std::int64_t oneBigValue(ConnectionPool& pool, std::int64_t bytes) {
  return pool.query("SELECT length(randomblob(?))", bytes).front().get<std::int64_t>(0);
}

void runMixWithSorts(std::int64_t limit, std::size_t handles) {
  const Watchdog watchdog("mix with sorts", 240s);
  Loaded fixture(limit, handles);
  ConnectionPool& pool = fixture.pool;
  const std::string error = fixture.runOn(8, 40, [&](int n) {
    switch (n % 10) {
      case 0: pool.query("SELECT name FROM item ORDER BY name LIMIT 5 OFFSET 9000"); return;
      case 3: pool.query("SELECT bucket, count(*), max(name) FROM item GROUP BY name HAVING count(*) > 9"); return;
      case 5: pool.run("UPDATE item SET data = zeroblob(201) WHERE id = ?", n + 1); return;
      case 7:
        pool.transaction([n](Transaction& tx) { tx.run("UPDATE item SET bucket = 7 WHERE id = ?", n + 1); });
        return;
      case 8: oneBigValue(pool, limit / 4); return;
      default: pool.query("SELECT * FROM item WHERE id = ?", n + 1);
    }
  });
  CHECK(error == "");
  CHECK(pool.metrics().memoryRefusals == 0);
  CHECK(sqlite3_memory_highwater(0) <= limit);
  CHECK(fixture.rows() == 20000);
}

}  // namespace

TEST_SUITE("memory/contract") {
  TEST_CASE("eight handles do sorts and large values beside a mixed load in 4 MiB") { runMixWithSorts(4 * MiB, 8); }
  TEST_CASE("eight handles do sorts and large values beside a mixed load in 2 MiB") { runMixWithSorts(2 * MiB, 8); }
  TEST_CASE("eight handles do sorts and large values beside a mixed load in 1 MiB") { runMixWithSorts(1 * MiB, 8); }
  TEST_CASE("four handles do sorts and large values beside a mixed load in 512 KiB") { runMixWithSorts(512 * KiB, 4); }

  TEST_CASE("reads that fit one at a time are carried out one at a time") {
    const Watchdog watchdog("large reads", 240s);
    Loaded fixture(MiB, 8);
    CHECK(fixture.runOn(6, 5, [&](int) { CHECK(oneBigValue(fixture.pool, 600'000) == 600'000); }) == "");
    CHECK(fixture.pool.leases().empty());
  }

  TEST_CASE("a read that needs the place of the other handles has it") {
    const Watchdog watchdog("one handle", 240s);
    Loaded fixture(512 * KiB, 8);
    // All handles open, with their schemas and statements: it does not fit beside them.
    {
      std::vector<PooledConnection> readers;
      while (auto reader = fixture.pool.tryAcquire(Access::Read)) readers.push_back(std::move(*reader));
      while (readers.size() < 7) readers.push_back(fixture.pool.acquire(Access::Read));
      for (PooledConnection& reader : readers) reader->query("SELECT * FROM item WHERE id = ?", 5);
    }
    REQUIRE(fixture.pool.metrics().totalConnections == 8);
    const std::int64_t bytes = 512 * KiB - 70'000;
    CHECK(oneBigValue(fixture.pool, bytes) == bytes);
    CHECK(fixture.pool.metrics().memoryRunsAlone == 2);
    CHECK(fixture.pool.metrics().totalConnections == 1);
    CHECK(codeOf([&] { oneBigValue(fixture.pool, 512 * KiB); }) == ErrorCode::MemoryLimit);
    CHECK(codeOf([&] { fixture.pool.query("DELETE FROM item"); }) == ErrorCode::Denied);
    CHECK(fixture.rows() == 20000);
  }

  TEST_CASE("a transaction that found no memory is run again and takes effect once") {
    const Watchdog watchdog("large transactions", 240s);
    Loaded fixture(MiB, 8);
    ConnectionPool& pool = fixture.pool;
    std::atomic<int> calls = 0;
    const std::string error = fixture.runOn(6, 4, [&](int n) {
      if (n % 2 == 0) {
        oneBigValue(pool, 500'000);
        return;
      }
      pool.transaction([&](Transaction& tx) {
        ++calls;
        tx.run("UPDATE item SET bucket = bucket + 1 WHERE id = 1");
        tx.run("UPDATE item SET data = randomblob(400000) WHERE id = ?", n + 10);
      });
    });
    CHECK(error == "");
    CHECK(calls >= 12);
    CHECK(pool.queryValue<std::int64_t>("SELECT bucket FROM item WHERE id = 1") == 13);
    SUBCASE("but one that is to run once is not") {
      calls = 0;
      CHECK(codeOf([&] {
              pool.transaction(
                  [&](Transaction& tx) {
                    ++calls;
                    tx.query("SELECT randomblob(1100000)");
                  },
                  {.maxRetries = 0});
            }) == ErrorCode::MemoryLimit);
      CHECK(calls == 1);
    }
    SUBCASE("and one that can never succeed ends with the error") {
      calls = 0;
      CHECK(codeOf([&] {
              pool.transaction([&](Transaction& tx) {
                ++calls;
                tx.query("SELECT randomblob(1100000)");
              });
            }) == ErrorCode::MemoryLimit);
      CHECK(calls == 3);
    }
  }

  TEST_CASE("a single write that found no memory is carried out again unless rows of it were delivered") {
    const Watchdog watchdog("large writes", 240s);
    Loaded fixture(MiB, 4);
    ConnectionPool& pool = fixture.pool;
    CHECK(fixture.runOn(4, 4, [&](int n) {
      pool.run("UPDATE item SET data = randomblob(300000) WHERE id = ?", n + 1);
      oneBigValue(pool, 500'000);
    }) == "");
    CHECK(codeOf([&] {
            pool.with({.maxRetries = 0}).run("UPDATE item SET data = randomblob(1100000) WHERE id = 1");
          }) == ErrorCode::MemoryLimit);
    CHECK(codeOf([&] { pool.run("UPDATE item SET data = randomblob(1100000) WHERE id = 1"); }) ==
          ErrorCode::MemoryLimit);
    CHECK(pool.queryValue<std::int64_t>("SELECT length(data) FROM item WHERE id = 1") == 300'000);
  }

  TEST_CASE("who holds a lease does not wait for himself") {
    Loaded fixture(512 * KiB, 4);
    const PooledConnection held = fixture.pool.acquire(Access::Read);
    CHECK(codeOf([&] { oneBigValue(fixture.pool, 512 * KiB); }) == ErrorCode::MemoryLimit);
    CHECK(fixture.pool.metrics().memoryRunsAlone == 0);
  }

  TEST_CASE("one that wants the pool to itself waits for leases and lets their holders have more of them") {
    const Watchdog watchdog("alone and nested");
    Loaded fixture(512 * KiB, 4);
    ConnectionPool& pool = fixture.pool;
    std::optional<PooledConnection> held(pool.acquire(Access::Read));
    std::atomic<bool> done{false};
    std::jthread alone([&] {
      CHECK(oneBigValue(pool, 512 * KiB - 70'000) == 512 * KiB - 70'000);
      done = true;
    });
    CHECK(eventually([&] { return pool.metrics().memoryReliefs > 0; }));
    std::atomic<bool> served{false};
    std::jthread newcomer([&] {
      CHECK_FALSE(codeOf([&] { pool.query("SELECT 1"); }));
      served = true;
    });
    CHECK(pool.queryValue<int>("SELECT 5") == 5);  // This thread is let through.
    CHECK_FALSE(codeOf([&] { pool.run("UPDATE item SET bucket = 3 WHERE id = 3"); }));
    CHECK_FALSE(done);
    held.reset();
    CHECK(eventually([&] { return done && served; }));
    alone.join();
    newcomer.join();
    CHECK(pool.leases().empty());
    CHECK(fixture.rows() == 20000);
  }

  TEST_CASE("waiting for the pool to oneself ends at the deadline and when the pool closes") {
    const Watchdog watchdog("alone and late");
    Loaded fixture(512 * KiB, 4);
    ConnectionPool& pool = fixture.pool;
    std::optional<PooledConnection> held(pool.acquire(Access::Read));
    const auto bigRead = [&](std::chrono::milliseconds timeout) {
      std::optional<ErrorCode> code;
      std::jthread([&] {
        code = codeOf([&] { pool.with({.timeout = timeout}).query("SELECT length(randomblob(480000))"); });
      }).join();
      return code;
    };
    const std::optional<ErrorCode> late = bigRead(50ms);
    REQUIRE(late);
    CHECK((*late == ErrorCode::MemoryLimit || *late == ErrorCode::PoolExhausted || *late == ErrorCode::Timeout));
    CHECK(pool.queryValue<int>("SELECT 5") == 5);
    std::optional<ErrorCode> closed;
    std::jthread waiting([&] { closed = codeOf([&] { oneBigValue(pool, 480'000); }); });
    CHECK(eventually([&] { return pool.metrics().memoryReliefs > 1; }));
    std::jthread closing([&] { pool.close(); });
    waiting.join();
    held.reset();
    closing.join();
    REQUIRE(closed);
    CHECK((*closed == ErrorCode::PoolClosed || *closed == ErrorCode::MemoryLimit));
  }
}
