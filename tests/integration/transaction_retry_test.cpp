// Contention with other processes, played by plain handles: SQLite's locks do not tell them apart.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <holdfast/holdfast.hpp>

#include "support/child_process.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::Recovery;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::eventually;
using holdfast::test::inChild;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;
using holdfast::test::Watchdog;

namespace {

constexpr int kGood = 42;
using SteadyClock = std::chrono::steady_clock;

struct Opened : PoolFixture {
  Opened() : PoolFixture(2) {
    config.busyTimeout = 0ms;
    config.retry.initialDelay = 100us;
    config.retry.maxDelay = 1ms;
    openWithRows(0);
  }
  Watchdog watchdog{"a retry does not end"};
};

void insert(Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('x')"); }

/// Another process that holds the write lock until it is told otherwise.
class OtherWriter {
 public:
  explicit OtherWriter(const std::string& path) : raw_(path) { raw_.run("BEGIN IMMEDIATE"); }
  void letGo() { raw_.run("COMMIT"); }
  RawSqlite& raw() { return raw_; }

 private:
  RawSqlite raw_;
};

}  // namespace

TEST_SUITE("integration/transaction_retry") {
  TEST_CASE("a transaction that meets a lock is retried until the lock is gone") {
    Opened f;
    OtherWriter other(f.config.database);
    std::thread helper([&] {
      CHECK(eventually([&] { return f.pool.metrics().transactionRetries >= 3; }));
      other.letGo();
    });
    int runs = 0;
    f.pool.transaction(
        [&](Transaction& tx) {
          ++runs;
          insert(tx);
        },
        {.timeout = 60s, .maxRetries = 1000000});
    helper.join();
    CHECK(runs == 1);  // BEGIN failed, not the callback.
    CHECK(f.rows() == 1);
    CHECK(f.pool.metrics().transactionRetries >= 3);
  }

  TEST_CASE("a single statement that meets a lock is retried until the lock is gone") {
    Opened f;
    f.config.retry.maxRetries = 100;
    f.config.retry.initialDelay = 1ms;
    f.config.retry.maxDelay = 100ms;
    f.reopen();
    OtherWriter other(f.config.database);
    std::atomic<bool> done{false};
    std::thread helper([&] {
      eventually([&] { return done.load() || f.pool.metrics().queryErrors >= 2; });
      other.letGo();
    });
    const auto code = codeOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('x')"); });
    done = true;
    helper.join();
    CHECK_FALSE(code.has_value());
  }

  TEST_CASE("a lock of another process is waited for inside SQLite for busyTimeout") {
    Opened f;
    f.config.busyTimeout = 60s;
    f.config.acquireTimeout = 60s;
    f.reopen();
    OtherWriter other(f.config.database);
    std::atomic<bool> started{false};
    std::thread helper([&] {
      eventually([&] { return started.load(); });
      for (int i = 0; i < 1000; ++i) std::this_thread::yield();
      other.letGo();
    });
    started = true;
    f.pool.run("INSERT INTO item(name) VALUES ('x')");
    helper.join();
    CHECK(f.rows() == 1);
    CHECK(f.pool.metrics().transactionRetries == 0);
  }

  TEST_CASE("a transaction gives up after maxRetries with a clear error") {
    Opened f;
    OtherWriter other(f.config.database);
    int runs = 0;
    const auto error = errorOf([&] { f.pool.transaction([&](Transaction&) { ++runs; }, {.maxRetries = 3}); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Busy);
    CHECK(error->recovery() == Recovery::RetryTransaction);
    CHECK((error->sqliteCode() & 0xff) == SQLITE_BUSY);
    CHECK(contains(error->what(), "BEGIN IMMEDIATE"));
    CHECK(contains(error->what(), "pool 0/2 in use"));
    CHECK(f.pool.metrics().transactionRetries == 3);
    CHECK(runs == 0);
    other.letGo();
    f.pool.transaction(insert);
    CHECK(f.rows() == 1);
  }

  TEST_CASE("a transaction that gives up says how often it was tried") {
    Opened f;
    OtherWriter other(f.config.database);
    const auto error = errorOf([&] { f.pool.transaction(insert, {.maxRetries = 3}); });
    REQUIRE(error.has_value());
    CHECK(contains(error->what(), "4 attempts"));
  }

  TEST_CASE("no retries means one attempt") {
    Opened f;
    OtherWriter other(f.config.database);
    CHECK(codeOf([&] { f.pool.transaction(insert, {.maxRetries = 0}); }) == ErrorCode::Busy);
    CHECK(f.pool.metrics().transactionRetries == 0);
    CHECK(codeOf([&] { f.pool.begin(); }) == ErrorCode::Busy);
    CHECK(f.pool.metrics().activeConnections == 0);
  }

  TEST_CASE("retrying ends at the deadline") {
    Opened f;
    OtherWriter other(f.config.database);
    const auto begin = SteadyClock::now();
    const auto code = codeOf([&] { f.pool.transaction(insert, {.timeout = 400ms, .maxRetries = 1000000}); });
    // Busy where the next pause would pass the deadline, Timeout where it passes while the lock is waited for.
    CHECK((code == ErrorCode::Busy || code == ErrorCode::Timeout));
    CHECK(SteadyClock::now() - begin < 5s);
    CHECK(f.pool.metrics().transactionRetries >= 1);
  }

  TEST_CASE("the deadline of a transaction bounds the wait for another process, too") {
    Opened f;
    f.config.busyTimeout = 3s;
    f.reopen();
    OtherWriter other(f.config.database);
    const auto begin = SteadyClock::now();
    CHECK(codeOf([&] { f.pool.transaction(insert, {.timeout = 50ms}); }).has_value());
    CHECK(SteadyClock::now() - begin < 1500ms);
    const auto beginByHand = SteadyClock::now();
    CHECK(codeOf([&] { f.pool.begin({.timeout = 50ms}); }).has_value());
    CHECK(SteadyClock::now() - beginByHand < 1500ms);
  }

  TEST_CASE("a callback that reports contention itself runs again") {
    Opened f;
    int runs = 0;
    f.pool.transaction([&](Transaction& tx) {
      insert(tx);
      if (++runs < 4) throw Error(ErrorCode::Busy, "not yet");
    });
    CHECK(runs == 4);
    CHECK(f.rows() == 1);  // The first three were rolled back.
    CHECK(f.pool.metrics().transactionRetries == 3);
  }

  TEST_CASE("a result of a run that was repeated is the last one") {
    Opened f;
    int runs = 0;
    const std::string result = f.pool.transaction([&](Transaction& tx) {
      insert(tx);
      if (++runs < 3) throw Error(ErrorCode::Busy, "not yet");
      return std::string("run ") + std::to_string(runs);
    });
    CHECK(result == "run 3");
  }

  TEST_CASE("other errors are not retried") {
    Opened f;
    for (const ErrorCode code : {ErrorCode::Constraint, ErrorCode::StorageFull, ErrorCode::IoError,
                                 ErrorCode::OutcomeUnknown, ErrorCode::Interrupted, ErrorCode::TransactionAborted}) {
      int runs = 0;
      CHECK(codeOf([&] {
              f.pool.transaction([&](Transaction&) {
                ++runs;
                throw Error(code, "once");
              });
            }) == code);
      CHECK(runs == 1);
    }
  }

  TEST_CASE("a callback that has committed itself is never run again") {
    Opened f;
    int runs = 0;
    CHECK(codeOf([&] {
            f.pool.transaction([&](Transaction& tx) {
              ++runs;
              insert(tx);
              tx.commit();
              throw Error(ErrorCode::Busy, "after the fact");
            });
          }) == ErrorCode::Busy);
    CHECK(runs == 1);
    CHECK(f.rows() == 1);
  }

  TEST_CASE("a snapshot is not written from, so a stale one cannot be met") {
    Opened f;
    // The other process commits between our BEGIN and our first statement: impossible, BEGIN IMMEDIATE has the lock.
    f.pool.transaction([&](Transaction& tx) {
      RawSqlite other(f.config.database);
      CHECK(other.tryRun("INSERT INTO item(name) VALUES ('theirs')") == SQLITE_BUSY);
      insert(tx);
    });
    CHECK(f.rows() == 1);
  }

  TEST_CASE("two processes with a pool each take turns") {
    Opened f;
    f.config.busyTimeout = 60s;
    f.pool.close();
    const auto write = [&f](holdfast::ConnectionPool& pool) {
      pool.open(f.config);
      for (int i = 0; i < 20; ++i) {
        pool.transaction(
            [](Transaction& tx) {
              const int n = tx.queryValue<int>("SELECT count(*) FROM item").value();
              tx.run("INSERT INTO item(id, name) VALUES (?, 'x')", n + 1);
            },
            {.durability = holdfast::Durability::Off, .timeout = 60s, .maxRetries = 100});
      }
    };
    const std::string forked = f.directory.file("forked");
    int result = 0;
    std::thread other([&] {
      result = inChild([&] {
        std::ofstream{forked};
        holdfast::ConnectionPool theirs;
        write(theirs);
        theirs.close();
        return kGood;
      });
    });
    // A process that has a database open must not be forked.
    CHECK(eventually([&] { return std::filesystem::exists(forked); }));
    write(f.pool);
    other.join();
    CHECK(result == kGood);
    CHECK(f.rows() == 40);
    CHECK(f.pool.queryValue<int>("SELECT max(id) FROM item") == 40);
  }
}
