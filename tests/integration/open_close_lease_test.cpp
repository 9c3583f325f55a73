// What close() does while leases are out.

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
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
#include "support/process_counts.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using holdfast::Access;
using holdfast::ConnectionConfig;
using holdfast::ConnectionPool;
using holdfast::ErrorCode;
using holdfast::EventKind;
using holdfast::HousekeepingMode;
using holdfast::PooledConnection;
using holdfast::RowView;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::eventually;
using holdfast::test::Gate;
using holdfast::test::inChild;
using holdfast::test::kToolThread;
using holdfast::test::openFilesUnder;
using holdfast::test::openThreads;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;
using holdfast::test::TempDirectory;
using holdfast::test::Watchdog;

namespace {

constexpr int kGood = 42;

/// A lease that another thread holds until it is told to give it back, once it has called `last`.
class LeaseElsewhere {
 public:
  explicit LeaseElsewhere(
      ConnectionPool& pool, Access access = Access::Write,
      std::function<void(PooledConnection&)> last = [](PooledConnection&) {})
      : thread_([this, &pool, access, last = std::move(last)] {
          PooledConnection lease = pool.acquire(access);
          held_.open();
          CHECK(release_.pass());
          last(lease);
        }) {
    CHECK(held_.pass());
  }
  LeaseElsewhere(const LeaseElsewhere&) = delete;
  LeaseElsewhere& operator=(const LeaseElsewhere&) = delete;
  ~LeaseElsewhere() { release_.open(); }

  void giveBack() {
    release_.open();
    thread_.join();
  }

 private:
  Gate held_;
  Gate release_;
  std::jthread thread_;
};

}  // namespace

TEST_SUITE("integration/open_close_lease") {
  TEST_CASE("a transaction in progress keeps close waiting and is committed") {
    PoolFixture f;
    f.openWithRows(0);
    const Watchdog watchdog("close() does not end");
    Gate begun;
    std::thread writer([&] {
      f.pool.transaction([&](Transaction& tx) {
        begun.open();
        // The pool refuses new leases from the moment close() is under way.
        CHECK(eventually([&] { return !f.pool.isOpen(); }));
        tx.run("INSERT INTO item(name) VALUES ('late')");
      });
    });
    CHECK(begun.pass());
    f.pool.close();
    writer.join();
    CHECK(RawSqlite(f.config.database).integer("SELECT count(*) FROM item") == 1);
    CHECK_FALSE(std::filesystem::exists(f.config.database + "-wal"));
  }

  TEST_CASE("callers that wait for a handle are told that the pool closes") {
    PoolFixture f(1);
    f.config.acquireTimeout = 1min;
    f.config.closeTimeout = 1min;
    f.openWithRows(0);
    const Watchdog watchdog("a waiter is not woken");
    Gate held;
    std::thread holder([&] {
      PooledConnection lease = f.pool.acquire();
      held.open();
      CHECK(eventually([&] { return !f.pool.isOpen(); }));
    });
    CHECK(held.pass());
    std::atomic<int> told{0};
    std::vector<std::thread> waiters;
    for (int i = 0; i < 3; ++i) {
      waiters.emplace_back([&] {
        const auto error = errorOf([&] { f.pool.run("SELECT 1"); });
        if (error && error->code() == ErrorCode::PoolClosed) ++told;
      });
    }
    CHECK(eventually([&] { return f.pool.metrics().pendingRequests == 3; }));
    f.pool.close();
    holder.join();
    for (std::thread& waiter : waiters) waiter.join();
    CHECK(told == 3);
  }

  TEST_CASE("close names the lease that does not come back and its handle closes when it does") {
    PoolFixture f(2);
    f.config.closeTimeout = 20ms;
    f.openWithRows(5);
    const Watchdog watchdog("close() does not end");
    LeaseElsewhere holder(f.pool, Access::Write, [](PooledConnection& lease) {
      CHECK(lease->queryValue<int>("SELECT count(*) FROM item") == 5);  // It stays usable.
    });
    const auto error = errorOf([&] { f.pool.close(); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Timeout);
    CHECK(contains(error->what(), "#1 by thread"));
    CHECK_FALSE(f.pool.isOpen());
    CHECK(openFilesUnder(f.directory.path()) > 0);
    CHECK(codeOf([&] { f.pool.run("SELECT 1"); }) == ErrorCode::PoolClosed);
    const auto refused = errorOf([&] { f.open(); });
    REQUIRE(refused.has_value());
    CHECK(refused->code() == ErrorCode::Misuse);
    CHECK(contains(refused->what(), "still out"));
    holder.giveBack();
    CHECK(openFilesUnder(f.directory.path()) == 0);
    f.open();
    CHECK(f.rows() == 5);
  }

  TEST_CASE("close interrupts a statement that does not end") {
    PoolFixture f(2);
    f.config.closeTimeout = 20ms;
    f.openWithRows(1);
    const Watchdog watchdog("the statement is not interrupted");
    Gate running;
    std::optional<ErrorCode> code;
    std::thread reader([&] {
      code = codeOf([&] {
        f.pool.forEach("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
                       [&](const RowView&) { running.open(); });
      });
    });
    CHECK(running.pass());
    CHECK(codeOf([&] { f.pool.close(); }) == ErrorCode::Timeout);
    reader.join();
    CHECK(code == ErrorCode::Interrupted);
    CHECK(openFilesUnder(f.directory.path()) == 0);
  }

  TEST_CASE("a lease that comes back while close is closing the others closes its handle, too") {
    bool returned = false;  // Before the pool, which tells of its end, too.
    PoolFixture f(2);
    f.config.closeTimeout = 0ms;
    f.openWithRows(1);
    const Watchdog watchdog("close() does not end");
    LeaseElsewhere holder(f.pool, Access::Read);
    f.pool.subscribe([&](const holdfast::Event& event) {
      if (event.kind != EventKind::ConnectionDestroyed || returned) return;
      returned = true;  // The write handle has just been closed, the reader is out.
      holder.giveBack();
    });
    CHECK(codeOf([&] { f.pool.close(); }) == ErrorCode::Timeout);
    REQUIRE(returned);
    CHECK(openFilesUnder(f.directory.path()) == 0);
    CHECK(f.pool.metrics().totalConnections == 0);
    f.open();
    CHECK(f.rows() == 1);
  }

  TEST_CASE("a broken handle that comes back after close is not replaced") {
    PoolFixture f(2);
    f.config.closeTimeout = 0ms;
    f.openWithRows(1);
    LeaseElsewhere holder(f.pool, Access::Write, [](PooledConnection& lease) { lease.discard(); });
    CHECK(codeOf([&] { f.pool.close(); }) == ErrorCode::Timeout);
    const std::size_t created = f.events->count(EventKind::ConnectionCreated);
    holder.giveBack();
    CHECK(f.events->count(EventKind::ConnectionCreated) == created);
    CHECK(openFilesUnder(f.directory.path()) == 0);
  }

  TEST_CASE("close by the holder of a lease is misuse and says so at once") {
    PoolFixture f;
    f.openWithRows(0);
    {
      PooledConnection lease = f.pool.acquire(Access::Read);
      CHECK(codeOf([&] { f.pool.close(); }) == ErrorCode::Misuse);
      CHECK(f.pool.isOpen());
    }
    {
      Transaction tx = f.pool.begin();
      CHECK(codeOf([&] { f.pool.close(); }) == ErrorCode::Misuse);
    }
    f.pool.forEach("SELECT 1", [&](const RowView&) { CHECK(codeOf([&] { f.pool.close(); }) == ErrorCode::Misuse); });
    f.pool.run("INSERT INTO item(name) VALUES ('x')");
    f.pool.close();
    CHECK_FALSE(f.pool.isOpen());
  }

  TEST_CASE("a lease that outlives its pool stays usable and closes its handle when it ends") {
    for (const HousekeepingMode mode : {HousekeepingMode::Manual, HousekeepingMode::Thread}) {
      CAPTURE(mode);
      const TempDirectory directory;
      ConnectionConfig config;
      config.database = directory.file("test.db");
      config.housekeeping = mode;
      config.minPoolSize = 4;
      config.housekeepingInterval = 10ms;
      config.logger = std::make_shared<holdfast::test::RecordingLogger>();
      // In a child, because a wrong end may never come.
      CHECK(inChild([&] {
              ::alarm(20);
              PooledConnection lease;
              {
                ConnectionPool pool(config);
                pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY)");
                lease = pool.acquire();
              }
              if (lease->run("INSERT INTO item VALUES (1)").changes != 1) return 1;
              lease.release();
              if (!kToolThread && !eventually([] { return openThreads() == 1; })) return 2;
              if (openFilesUnder(directory.path()) != 0) return 3;
              return RawSqlite(config.database).integer("SELECT count(*) FROM item") == 1 ? kGood : 4;
            }) == kGood);
    }
  }

  TEST_CASE("close in an event listener ends with an error and not with a deadlock") {
    PoolFixture f;
    const Watchdog watchdog("close() in a listener");
    f.openWithRows(0);
    std::optional<ErrorCode> code;
    const auto id = f.pool.subscribe([&](const holdfast::Event& event) {
      if (event.kind == EventKind::StateRestored) code = codeOf([&] { f.pool.close(); });
    });
    f.pool.acquire()->run("PRAGMA cache_size=5");
    f.pool.unsubscribe(id);
    CHECK(code == ErrorCode::Misuse);
    CHECK(f.pool.isOpen());
    f.pool.close();
  }
}
