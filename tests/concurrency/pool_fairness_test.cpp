// Writers share the lane evenly.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

TEST_SUITE("pool/fairness") {
  TEST_CASE("eight writers advance together and every commit counts") {
    constexpr int kWriters = 8;
    constexpr int kCommits = 600;
    const Watchdog watchdog("eight writers", 120s);
    PoolFixture fixture(3);
    fixture.config.acquireTimeout = 60s;
    fixture.config.durability = Durability::Off;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    pool.run("CREATE TABLE counter(writer INTEGER PRIMARY KEY, n INTEGER)");
    std::array<std::atomic<int>, kWriters> progress{};
    std::atomic<int> slowestAtFirstFinish = -1;
    std::atomic<int> failures = 0;
    {
      // All are in line before the first one is served.
      PooledConnection held = pool.acquire();
      std::vector<std::jthread> writers;
      for (int writer = 0; writer < kWriters; ++writer) {
        writers.emplace_back([&, writer] {
          const auto error = errorOf([&] {
            for (int n = 0; n < kCommits; ++n) {
              pool.transaction([&](Transaction& tx) {
                tx.run("INSERT INTO counter VALUES (?, 1) ON CONFLICT(writer) DO UPDATE SET n = n + 1", writer);
              });
              ++progress[static_cast<std::size_t>(writer)];
            }
          });
          failures += error ? 1 : 0;
          int none = -1;
          const int slowest = *std::min_element(progress.begin(), progress.end(),
                                                [](const auto& a, const auto& b) { return a.load() < b.load(); });
          slowestAtFirstFinish.compare_exchange_strong(none, slowest);
        });
      }
      CHECK(eventually([&] { return pool.metrics().pendingRequests == kWriters; }));
      held.release();
    }
    CHECK(failures.load() == 0);
    CHECK(pool.queryValue<std::int64_t>("SELECT sum(n) FROM counter") == kWriters * kCommits);
    CHECK(pool.queryValue<std::int64_t>("SELECT count(*) FROM counter WHERE n = ?", kCommits) == kWriters);
    // A thread that is not in line at its turn loses rounds, on a busy machine a time slice of them; a starving one
    // loses all.
    CHECK(slowestAtFirstFinish.load() >= 1);
  }

  TEST_CASE("a long line of readers does not keep writers waiting, nor the other way round") {
    const Watchdog watchdog("readers and writers", 120s);
    PoolFixture fixture(2);
    fixture.openWithRows(10);
    ConnectionPool& pool = fixture.pool;
    const PooledConnection reader = pool.acquire(Access::Read);
    CHECK_FALSE(codeOf([&] { pool.run("DELETE FROM item WHERE id = 1"); }));
    PooledConnection writer = pool.acquire(Access::Write);
    CHECK(reader->query("SELECT * FROM item").size() == 9);
  }
}
