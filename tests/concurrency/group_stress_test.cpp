// Many threads that commit in groups, fail, give up and read at the same time.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <vector>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : PoolFixture {
  explicit Opened(std::size_t poolSize = 5) : PoolFixture(poolSize) {
    config.acquireTimeout = 60s;
    config.retry.maxRetries = 100;
    config.retry.maxDelay = 1ms;
    openWithRows(0);
  }
  /// Two rows, so that half of it would be seen.
  static void insertPair(Transaction& tx) {
    tx.run("INSERT INTO item(name) VALUES ('x')");
    tx.run("INSERT INTO item(name) VALUES ('x')");
  }
  Watchdog watchdog{"many threads at once", 180s};
};

}  // namespace

TEST_SUITE("pool/group_stress") {
  TEST_CASE("sixteen writers and eight readers: what returned is there, and nothing is seen by halves") {
    constexpr int kWriters = 16;
    constexpr int kReaders = 8;
    constexpr int kEach = 60;
    Opened f;
    std::atomic<std::int64_t> acknowledged{0};
    std::atomic<int> unexpected{0};
    std::atomic<int> torn{0};
    std::atomic<int> stale{0};
    std::atomic<bool> stop{false};
    std::vector<std::thread> readers;
    for (int i = 0; i < kReaders; ++i) {
      readers.emplace_back([&] {
        while (!stop) {
          const std::int64_t least = acknowledged.load();
          const std::int64_t rows = f.rows();
          if (rows % 2 != 0) ++torn;
          if (rows < 2 * least) ++stale;
        }
      });
    }
    std::vector<std::thread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        for (int i = 0; i < kEach; ++i) {
          std::optional<ErrorCode> code;
          std::optional<ErrorCode> expected;
          TransactionOptions options;
          options.durability = i % 3 == 0 ? Durability::Normal : Durability::Full;
          options.priority = static_cast<Priority>(writer % 3);
          const int kind = (i + writer) % 12;
          if (kind == 0) {
            expected = ErrorCode::InvalidSql;
            code = codeOf([&] {
              f.pool.transaction(
                  [](Transaction& tx) {
                    Opened::insertPair(tx);
                    tx.run("not sql");
                  },
                  options);
            });
          } else if (kind == 1) {
            std::stop_source source;
            source.request_stop();
            options.cancel = source.get_token();
            expected = ErrorCode::Interrupted;
            code = codeOf([&] { f.pool.transaction(Opened::insertPair, options); });
          } else if (kind == 2) {
            code = codeOf([&] { f.pool.post(Opened::insertPair).get(); });
          } else {
            code = codeOf([&] { f.pool.transaction(Opened::insertPair, options); });
          }
          if (!code && !expected) ++acknowledged;
          if (code != expected) ++unexpected;
        }
      });
    }
    // Posts need somebody to commit: here nobody else may be left.
    std::thread flusher([&] {
      while (!stop) codeOf([&] { f.pool.flush(); });
    });
    for (std::thread& writer : writers) writer.join();
    stop = true;
    for (std::thread& reader : readers) reader.join();
    flusher.join();
    CHECK(unexpected == 0);
    CHECK(torn == 0);
    CHECK(stale == 0);
    CHECK(f.rows() == 2 * acknowledged);
    CHECK(f.pool.metrics().groupCommits > 0);
    CHECK(f.isSound());
  }

  TEST_CASE("one that makes SQLite undo everything again and again costs nobody a commit") {
    Opened f;
    f.pool.run("CREATE UNIQUE INDEX taken ON item(name) WHERE name = 'taken'");
    f.pool.run("INSERT INTO item(name) VALUES ('taken'), ('pair')");
    std::atomic<std::int64_t> acknowledged{0};
    std::atomic<int> unexpected{0};
    std::vector<std::thread> threads;
    for (int writer = 0; writer < 8; ++writer) {
      threads.emplace_back([&, writer] {
        for (int i = 0; i < 30; ++i) {
          if (writer == 0) {
            const auto code = codeOf([&] {
              f.pool.transaction(
                  [](Transaction& tx) { tx.run("INSERT OR ROLLBACK INTO item(name) VALUES ('taken')"); });
            });
            if (code != ErrorCode::Constraint) ++unexpected;
          } else {
            const auto code = codeOf([&] { f.pool.transaction(Opened::insertPair); });
            code ? ++unexpected : ++acknowledged;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(unexpected == 0);
    CHECK(acknowledged == 7 * 30);
    CHECK(f.rows() == 2 + 2 * acknowledged);
  }

  TEST_CASE("threads may end as soon as their transaction has returned") {
    Opened f;
    for (int round = 0; round < 30; ++round) {
      std::vector<std::thread> threads;
      for (int i = 0; i < 8; ++i) threads.emplace_back([&] { f.pool.transaction(Opened::insertPair); });
      for (std::thread& thread : threads) thread.join();
    }
    CHECK(f.rows() == 30 * 8 * 2);
  }

  TEST_CASE("a stop that is asked for while a thread gets in line is never missed") {
    Opened f;
    const PooledConnection held = f.pool.acquire();
    for (int round = 0; round < 300; ++round) {
      std::stop_source source;
      std::optional<ErrorCode> code;
      std::atomic<bool> go{false};
      std::thread waiting([&] {
        go = true;
        code = codeOf([&] { f.pool.transaction(Opened::insertPair, {.cancel = source.get_token()}); });
      });
      while (!go) std::this_thread::yield();
      for (int i = 0; i < round; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
      source.request_stop();
      waiting.join();
      REQUIRE(code == ErrorCode::Interrupted);
    }
  }
}
