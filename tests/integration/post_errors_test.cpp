// Posted work that fails, and posting from places where it is hard.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/job.hpp"
#include "support/pool_fixture.hpp"
#include "support/post_fixture.hpp"
#include "support/threads.hpp"
#include "support/write_line.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : PostFixture {
  explicit Opened(HousekeepingMode mode = HousekeepingMode::Manual) : PostFixture(mode) {
    pool.run("CREATE UNIQUE INDEX names ON item(name)");
    pool.run("CREATE TABLE ref(item REFERENCES item(id) DEFERRABLE INITIALLY DEFERRED)");
  }
};

struct Seen {
  std::optional<ErrorCode> posted;
  std::optional<ErrorCode> after;
  std::atomic<bool> done{false};
};

/// Awaits a post, and goes on with the database.
Job awaitPost(Opened& f, Future<RunResult> future, Seen& seen) {
  try {
    co_await std::move(future);
  } catch (const Error& error) {
    seen.posted = error.code();
  }
  seen.after = codeOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('from the coroutine')"); });
  seen.done = true;
}

}  // namespace

TEST_SUITE("integration/post_errors") {
  TEST_CASE("work that fails is undone alone and fails its own future") {
    Opened f;
    Future<RunResult> a = f.post("a");
    Future<void> thrown = f.pool.post([](Transaction& tx) {
      tx.run("INSERT INTO item(name) VALUES ('undone')");
      throw std::runtime_error("of the callback");
    });
    Future<RunResult> twice = f.post("a");
    Future<RunResult> nonsense = f.pool.post("this is not sql");
    Future<RunResult> b = f.post("b");
    f.pool.flush();
    CHECK(f.names() == "a b");
    CHECK_NOTHROW(a.get());
    CHECK_NOTHROW(b.get());
    CHECK_THROWS_AS(thrown.get(), std::runtime_error);
    CHECK(codeOf([&] { twice.get(); }) == ErrorCode::Constraint);
    CHECK(codeOf([&] { nonsense.get(); }) == ErrorCode::InvalidSql);
  }

  TEST_CASE("work that makes SQLite undo everything fails alone and the rest keeps its order") {
    Opened f;
    f.pool.run("INSERT INTO item(name) VALUES ('taken')");
    std::vector<Future<RunResult>> good;
    good.push_back(f.post("a"));
    Future<RunResult> bad = f.pool.post("INSERT OR ROLLBACK INTO item(name) VALUES ('taken')");
    good.push_back(f.post("b"));
    int runs = 0;
    f.pool.transaction([&](Transaction& tx) {
      ++runs;
      tx.run("INSERT INTO item(name) VALUES ('mine')");
    });
    f.pool.flush();
    CHECK(runs == 2);
    CHECK(codeOf([&] { bad.get(); }) == ErrorCode::Constraint);
    for (auto& future : good) CHECK(future.get().changes == 1);
    CHECK(f.names() == "taken mine a b");
  }

  TEST_CASE("a deferred foreign key that is not met fails only its own future") {
    for (const bool commitsItself : {false, true}) {
      Opened f;
      Future<RunResult> a = f.post("a");
      Future<void> bad = f.pool.post([commitsItself](Transaction& tx) {
        tx.run("INSERT INTO ref VALUES (99)");
        if (commitsItself) tx.commit();
      });
      Future<RunResult> b = f.post("b");
      CHECK_FALSE(codeOf([&] { f.pool.flush(); }).has_value());
      CHECK(codeOf([&] { bad.get(); }) == ErrorCode::Constraint);
      CHECK(f.names() == "a b");
      if (a.ready() && b.ready()) CHECK(b.get().changes == 1);
    }
  }

  TEST_CASE("the pool itself cannot be used inside of posted work") {
    Opened f;
    Future<void> read = f.pool.post([&](Transaction&) { f.pool.query("SELECT 1"); });
    Future<void> write = f.pool.post([&](Transaction&) { f.pool.run("DELETE FROM item"); });
    Future<void> flush = f.pool.post([&](Transaction&) { f.pool.flush(); });
    f.pool.flush();
    CHECK(codeOf([&] { read.get(); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { write.get(); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { flush.get(); }) == ErrorCode::Misuse);
  }

  TEST_CASE("work posted inside of a transaction is written with it") {
    Opened f;
    Future<RunResult> future;
    f.pool.transaction([&](Transaction& tx) {
      tx.run("INSERT INTO item(name) VALUES ('mine')");
      future = f.post("posted");
      CHECK_FALSE(future.ready());
    });
    CHECK(future.ready());
    CHECK(f.names() == "mine posted");
  }

  TEST_CASE("work posted inside of a transaction that fails stays posted") {
    Opened f;
    Future<RunResult> future;
    CHECK_THROWS_AS(f.pool.transaction([&](Transaction& tx) {
      tx.run("INSERT INTO item(name) VALUES ('mine')");
      future = f.post("posted");
      throw std::runtime_error("no");
    }),
                    std::runtime_error);
    CHECK(f.pool.metrics().pendingPosts == 1);
    f.pool.flush();
    CHECK(future.get().changes == 1);
    CHECK(f.names() == "posted");
  }

  TEST_CASE("work posted by posted work is written, too") {
    Opened f;
    Future<Future<RunResult>> outer = f.pool.post([&](Transaction&) { return f.post("inner"); });
    f.pool.flush();
    CHECK(outer.get().get().changes == 1);
    CHECK(f.names() == "inner");
  }

  TEST_CASE("a thread that holds the write handle may post more than a batch") {
    Opened f;
    f.config.postBatch = 2;
    f.reopen();
    std::vector<Future<RunResult>> futures;
    {
      Transaction tx = f.pool.begin();
      for (int i = 0; i < 5; ++i) {
        CHECK_FALSE(codeOf([&] { futures.push_back(f.post("n" + std::to_string(i))); }).has_value());
      }
      tx.commit();
    }
    f.pool.flush();
    for (auto& future : futures) CHECK(future.get().changes == 1);
  }

  TEST_CASE("a coroutine that awaits a post goes on with the database") {
    for (const bool fails : {false, true}) {
      Opened f;
      f.pool.run("INSERT INTO item(name) VALUES ('taken')");
      Seen seen;
      awaitPost(f, f.post(fails ? "taken" : "posted"), seen);
      f.pool.flush();
      REQUIRE(eventually([&] { return seen.done.load(); }));
      CHECK(seen.posted == (fails ? std::optional(ErrorCode::Constraint) : std::nullopt));
      CHECK(seen.after == std::nullopt);
      CHECK(f.rows() == (fails ? 2 : 3));
    }
  }

  TEST_CASE("a coroutine goes on with the database also where a callback commits itself") {
    Opened f;
    Seen seen;
    awaitPost(f, f.post("posted"), seen);
    f.pool.transaction([&](Transaction& tx) { tx.commit(); });
    REQUIRE(seen.done);
    CHECK(seen.after == std::nullopt);
    CHECK(f.rows() == 2);
  }

  TEST_CASE("posting while the pool is being closed is refused as such") {
    Opened f;
    Future<RunResult> queued = f.post("queued");
    std::optional<ErrorCode> late;
    std::thread closer;
    {
      const PooledConnection held = f.pool.acquire();
      closer = std::thread([&] { f.pool.close(); });
      // Once closing waits for the handle nothing is taken any more.
      CHECK(eventually([&] { return f.pool.metrics().pendingRequests == 1; }));
      late = codeOf([&] { f.post("late"); });
    }
    closer.join();
    CHECK(late == ErrorCode::PoolClosed);
    CHECK(queued.get().changes == 1);
  }

  TEST_CASE("two threads may close at the same time, and posts may come meanwhile") {
    for (int round = 0; round < 30; ++round) {
      Opened f(HousekeepingMode::Thread);
      std::vector<std::thread> threads;
      std::atomic<int> wrong{0};
      std::atomic<bool> go{false};
      for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
          eventually([&] { return go.load(); });
          const auto code = codeOf([&] { f.pool.close(); });
          if (code && code != ErrorCode::Misuse) ++wrong;
        });
      }
      threads.emplace_back([&] {
        eventually([&] { return go.load(); });
        for (int i = 0; i < 10; ++i) {
          const auto code = codeOf([&] { f.post("n" + std::to_string(i)); });
          if (code && code != ErrorCode::PoolClosed) ++wrong;
        }
      });
      go = true;
      for (std::thread& thread : threads) thread.join();
      CHECK(wrong == 0);
      CHECK_FALSE(f.pool.isOpen());
    }
  }
}
