// What a child made by fork() may do with its parent's databases: nothing, and harmlessly.
//
// A case makes its checks in the parent: a child answers with a number, by inChild().

#include <doctest/doctest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "support/child_process.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using holdfast::Access;
using holdfast::ConnectionConfig;
using holdfast::ConnectionPool;
using holdfast::ErrorCode;
using holdfast::PooledConnection;
using holdfast::ReadTransaction;
using holdfast::RowView;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::inChild;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;

namespace {

constexpr int kGood = 42;

/// Runs the calls in a child. kGood, or the number of the first call that did not answer with ForkedProcess.
int refusedInChild(const std::vector<std::function<void()>>& calls) {
  return inChild([&] {
    ::alarm(20);  // A call that hangs ends the child.
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (codeOf(calls[i]) != ErrorCode::ForkedProcess) return static_cast<int>(i);
    }
    return kGood;
  });
}

/// A transaction so large that its pages leave the cache for the log before it is committed.
struct LargeTransaction : PoolFixture {
  LargeTransaction() : PoolFixture(2) {
    config.cacheSize = 64 * holdfast::KiB;
    openWithRows(0);
  }
  static void fill(Transaction& tx, int from) {
    for (int i = from; i < from + 200; ++i) {
      tx.run("INSERT INTO item(id, name) VALUES (?, hex(zeroblob(1500)))", i);
    }
  }
  void checkSound(std::int64_t expected) {
    CHECK(rows() == expected);
    pool.close();
    RawSqlite raw(config.database);
    CHECK(raw.text("PRAGMA integrity_check") == "ok");
    CHECK(raw.integer("SELECT count(*) FROM item WHERE length(name) = 3000") == expected);
  }
};

}  // namespace

TEST_SUITE("integration/open_fork") {
  TEST_CASE("every use of the pool in a child is refused") {
    PoolFixture f;
    f.openWithRows(2);
    const ConnectionConfig config = f.config;
    CHECK(refusedInChild(
              {[&] { f.pool.run("INSERT INTO item(name) VALUES ('child')"); }, [&] { f.pool.query("SELECT 1"); },
               [&] { f.pool.queryOne("SELECT 1"); }, [&] { f.pool.forEach("SELECT 1", [](const RowView&) {}); },
               [&] { f.pool.acquire(Access::Read); }, [&] { f.pool.tryAcquire(); },
               [&] { f.pool.transaction([](Transaction&) {}); }, [&] { f.pool.begin(); },
               [&] { f.pool.read([](ReadTransaction&) {}); }, [&] { f.pool.checkpoint(); },
               [&] { f.pool.checkHealth(); }, [&] { f.pool.tick(); }, [&] { f.pool.open(config); }}) == kGood);
    CHECK(f.rows() == 2);
  }

  TEST_CASE("what only asks or ends is refused in a child, too") {
    PoolFixture f;
    f.openWithRows(2);
    CHECK(refusedInChild({[&] { f.pool.metrics(); }, [&] { f.pool.leases(); }, [&] { f.pool.forceCleanup(1); },
                          [&] { f.pool.close(); }}) == kGood);
    CHECK(f.rows() == 2);
  }

  TEST_CASE("a lease that was out when the process was forked is refused in the child") {
    PoolFixture f;
    f.openWithRows(2);
    PooledConnection lease = f.pool.acquire();
    CHECK(refusedInChild({[&] { lease->query("SELECT * FROM item"); },
                          [&] { lease->run("INSERT INTO item(name) VALUES ('child')"); },
                          [&] { lease->forEach("SELECT 1", [](const RowView&) {}); },
                          [&] { Transaction tx(*lease); }}) == kGood);
    lease->run("INSERT INTO item(name) VALUES ('parent')");
    lease.release();
    CHECK(f.rows() == 3);
    CHECK(f.isSound());
  }

  TEST_CASE("a transaction that was open when the process was forked is refused in the child") {
    LargeTransaction f;
    f.pool.transaction([&](Transaction& tx) {
      LargeTransaction::fill(tx, 1);
      CHECK(refusedInChild({[&] { tx.query("SELECT * FROM item"); },
                            [&] { tx.run("INSERT INTO item(name) VALUES ('child')"); }, [&] { tx.begin(); },
                            [&] { tx.commit(); }}) == kGood);
      LargeTransaction::fill(tx, 1001);
    });
    f.checkSound(400);
  }

  TEST_CASE("a transaction that goes in the child leaves the parent's alone") {
    LargeTransaction f;
    {
      std::optional<Transaction> tx(f.pool.begin());
      LargeTransaction::fill(*tx, 1);
      CHECK(inChild([&] {
              ::alarm(20);
              tx.reset();
              return kGood;
            }) == kGood);
      CHECK(tx->queryValue<int>("SELECT count(*) FROM item") == 200);
      CHECK(tx->queryValue<std::string>("PRAGMA integrity_check") == "ok");
      LargeTransaction::fill(*tx, 1001);
      tx->commit();
    }
    f.checkSound(400);
  }

  TEST_CASE("a transaction that is rolled back in the child leaves the parent's alone") {
    LargeTransaction f;
    {
      Transaction tx = f.pool.begin();
      LargeTransaction::fill(tx, 1);
      CHECK(inChild([&] {
              ::alarm(20);
              const auto code = codeOf([&] { tx.rollback(); });
              return !code || code == ErrorCode::ForkedProcess ? kGood : 1;
            }) == kGood);
      CHECK(tx.queryValue<int>("SELECT count(*) FROM item") == 200);
      LargeTransaction::fill(tx, 1001);
      tx.commit();
    }
    f.checkSound(400);
  }

  TEST_CASE("a callback that throws in the child leaves the parent's transaction alone") {
    LargeTransaction f;
    f.pool.transaction([&](Transaction& tx) {
      LargeTransaction::fill(tx, 1);
      tx.transaction([&](Transaction& nested) {
        LargeTransaction::fill(nested, 501);
        CHECK(inChild([&] {
                ::alarm(20);
                Transaction moved(std::move(nested));
                return kGood;
              }) == kGood);
        LargeTransaction::fill(nested, 1001);
      });
    });
    f.checkSound(600);
  }

  TEST_CASE("a snapshot that goes in the child leaves the parent's alone") {
    PoolFixture f;
    f.openWithRows(3);
    f.pool.read([&](ReadTransaction& snapshot) {
      CHECK(snapshot.queryValue<int>("SELECT count(*) FROM item") == 3);
      CHECK(refusedInChild({[&] { snapshot.query("SELECT * FROM item"); }}) == kGood);
      f.pool.run("DELETE FROM item");
      CHECK(snapshot.queryValue<int>("SELECT count(*) FROM item") == 3);
    });
    CHECK(f.rows() == 0);
  }

  TEST_CASE("what the child destroys is left alone in the parent") {
    auto f = std::make_unique<PoolFixture>();
    f->config.minPoolSize = 4;
    f->config.housekeeping = holdfast::HousekeepingMode::Thread;
    f->openWithRows(10);
    PooledConnection lease = f->pool.acquire();
    lease->run("INSERT INTO item(name) VALUES ('parent')");
    const std::string path = f->config.database;
    CHECK(inChild([&] {
            ::alarm(20);
            lease.release();
            f->pool.~ConnectionPool();  // Not the fixture, whose directory is the parent's.
            return kGood;
          }) == kGood);
    // The child's end must not have dropped the parent's locks: nobody else can write.
    {
      Transaction tx(*lease);
      CHECK(RawSqlite(path).tryRun("BEGIN IMMEDIATE") == SQLITE_BUSY);
      tx.run("INSERT INTO item(name) VALUES ('more')");
      tx.commit();
    }
    lease.release();
    CHECK(f->rows() == 12);
    f->pool.close();
    CHECK(RawSqlite(path).text("PRAGMA integrity_check") == "ok");
    CHECK_FALSE(std::filesystem::exists(path + "-wal"));
  }

  TEST_CASE("children that come and go do not disturb writers") {
    PoolFixture f;
    f.openWithRows(0);
    for (int i = 0; i < 10; ++i) {
      f.pool.run("INSERT INTO item(name) VALUES ('x')");
      CHECK(inChild([&] { return codeOf([&] { f.pool.run("SELECT 1"); }) == ErrorCode::ForkedProcess ? kGood : 1; }) ==
            kGood);
    }
    f.pool.close();
    CHECK(RawSqlite(f.config.database).integer("SELECT count(*) FROM item") == 10);
    CHECK(f.isSound());
  }

  TEST_CASE("a child of a process that had nothing open can open") {
    PoolFixture f;
    f.openWithRows(1);
    f.pool.close();
    CHECK(inChild([&] {
            ::alarm(20);
            f.open();
            f.pool.run("INSERT INTO item(name) VALUES ('child')");
            const bool good = f.rows() == 2;
            f.pool.close();
            ConnectionPool fresh(f.config);
            return good && fresh.queryValue<int>("SELECT count(*) FROM item") == 2 ? kGood : 1;
          }) == kGood);
    f.open();
    CHECK(f.rows() == 2);
  }

  TEST_CASE("a child of a process that has a database open cannot open another one") {
    PoolFixture f;
    f.openWithRows(1);
    ConnectionConfig other = f.config;
    other.database = f.directory.file("other.db");
    CHECK(refusedInChild({[&] { ConnectionPool pool(other); }}) == kGood);
    CHECK(f.rows() == 1);
  }

  TEST_CASE("a pool whose last lease came back after close counts as closed for a child") {
    PoolFixture f;
    f.config.closeTimeout = std::chrono::milliseconds{0};
    f.openWithRows(1);
    PooledConnection lease;
    std::thread([&] { lease = f.pool.acquire(); }).join();
    CHECK(codeOf([&] { f.pool.close(); }) == ErrorCode::Timeout);
    // Its handle is open still, in the parent.
    CHECK(refusedInChild({[&] { ConnectionPool pool(f.config); }}) == kGood);
    lease.release();
    CHECK(inChild([&] {
            ::alarm(20);
            f.open();
            return f.rows() == 1 ? kGood : 1;
          }) == kGood);
  }

  TEST_CASE("a refusal in a child needs no lock that another thread of the parent held") {
    PoolFixture f;
    f.openWithRows(1);
    std::atomic<bool> stop{false};
    std::vector<std::thread> busy;
    for (int i = 0; i < 2; ++i) {
      busy.emplace_back([&] {
        while (!stop) static_cast<void>(f.pool.metrics());
      });
    }
    int hung = 0;
    for (int i = 0; i < 40 && hung == 0; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        ::alarm(5);
        const bool good = codeOf([&] { f.pool.run("SELECT 1"); }) == ErrorCode::ForkedProcess &&
                          codeOf([&] { f.pool.query("SELECT 1"); }) == ErrorCode::ForkedProcess &&
                          codeOf([&] { f.pool.acquire(); }) == ErrorCode::ForkedProcess;
        ::_exit(good ? kGood : 1);
      }
      int status = 0;
      ::waitpid(child, &status, 0);
      if (!WIFEXITED(status) || WEXITSTATUS(status) != kGood) ++hung;
    }
    stop = true;
    for (std::thread& thread : busy) thread.join();
    CHECK(hung == 0);
  }
}
