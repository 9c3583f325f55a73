#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "support/pool_fixture.hpp"
#include "support/process_counts.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using holdfast::Access;
using holdfast::ConnectionConfig;
using holdfast::ConnectionManager;
using holdfast::ConnectionPool;
using holdfast::ErrorCode;
using holdfast::EventKind;
using holdfast::HousekeepingMode;
using holdfast::OpenReport;
using holdfast::ReadTransaction;
using holdfast::Recovery;
using holdfast::RowView;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::eventually;
using holdfast::test::kToolThread;
using holdfast::test::openFiles;
using holdfast::test::openFilesUnder;
using holdfast::test::openThreads;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;

TEST_SUITE("integration/open_close") {
  TEST_CASE("open reports what it found and chose") {
    PoolFixture f;
    f.config.minPoolSize = 2;
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.database == f.config.database);
    CHECK(report.created);
    CHECK_FALSE(report.recoveredLog);
    CHECK(report.journalMode == "wal");
    CHECK(report.pageSize == 4096);
    CHECK(report.connectionsOpened == 2);
    CHECK(report.cacheBytesPerHandle == 512 * holdfast::KiB);
    CHECK(report.sqliteVersion == sqlite3_libversion());
    CHECK(report.sqliteSourceId == sqlite3_sourceid());
    CHECK(report.warnings.empty());
    CHECK(f.pool.isOpen());
    CHECK(f.pool.metrics().totalConnections == 2);
    CHECK(f.events->count(EventKind::Initialized) == 1);
    f.pool.close();
    CHECK_FALSE(f.pool.open(f.config).created);
  }

  TEST_CASE("durability off is warned of") {
    PoolFixture f;
    f.config.durability = holdfast::Durability::Off;
    CHECK(f.pool.open(f.config).warnings.size() == 1);
    CHECK(f.logger->contains("durability off"));
  }

  TEST_CASE("a second open is misuse and harms nothing") {
    PoolFixture f;
    f.openWithRows(1);
    const auto error = errorOf([&] { f.open(); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Misuse);
    CHECK(contains(error->what(), f.config.database));
    ConnectionConfig other = f.config;
    other.database = f.directory.file("other.db");
    CHECK(codeOf([&] { f.pool.open(other); }) == ErrorCode::Misuse);
    CHECK_FALSE(std::filesystem::exists(other.database));
    CHECK(f.rows() == 1);
  }

  TEST_CASE("whatever is called before open and after close says that the pool is closed") {
    PoolFixture f;
    const auto checkClosed = [&] {
      const std::vector<std::optional<ErrorCode>> codes{
          codeOf([&] { f.pool.run("SELECT 1"); }),
          codeOf([&] { f.pool.query("SELECT 1"); }),
          codeOf([&] { f.pool.queryOne("SELECT 1"); }),
          codeOf([&] { f.pool.queryValue<int>("SELECT 1"); }),
          codeOf([&] { f.pool.forEach("SELECT 1", [](const RowView&) {}); }),
          codeOf([&] { f.pool.acquire(); }),
          codeOf([&] { f.pool.acquire(Access::Read); }),
          codeOf([&] { f.pool.tryAcquire(); }),
          codeOf([&] { f.pool.transaction([](Transaction&) {}); }),
          codeOf([&] { f.pool.begin(); }),
          codeOf([&] { f.pool.read([](ReadTransaction&) {}); }),
          codeOf([&] { f.pool.checkpoint(); }),
          codeOf([&] { f.pool.checkHealth(); }),
          codeOf([&] { f.pool.tick(); })};
      for (std::size_t i = 0; i < codes.size(); ++i) {
        CAPTURE(i);
        CHECK(codes[i] == ErrorCode::PoolClosed);
      }
      CHECK_FALSE(f.pool.isOpen());
      CHECK(f.pool.leases().empty());
      CHECK(f.pool.metrics().totalConnections == 0);
      CHECK_FALSE(f.pool.forceCleanup(1));
      CHECK_NOTHROW(f.pool.close());
    };
    checkClosed();
    CHECK(errorOf([&] { f.pool.run("SELECT 1"); })->recovery() == Recovery::Reopen);
    f.openWithRows(1);
    f.pool.close();
    checkClosed();
  }

  TEST_CASE("close leaves one file with everything in it") {
    PoolFixture f;
    f.openWithRows(20);
    CHECK(std::filesystem::exists(f.config.database + "-wal"));
    f.pool.close();
    CHECK_FALSE(std::filesystem::exists(f.config.database + "-wal"));
    CHECK_FALSE(std::filesystem::exists(f.config.database + "-shm"));
    CHECK(RawSqlite(f.config.database).integer("SELECT count(*) FROM item") == 20);
    CHECK(f.events->count(EventKind::Closed) == 1);
    CHECK(f.events->count(EventKind::ConnectionDestroyed) == f.events->count(EventKind::ConnectionCreated));
  }

  TEST_CASE("fifty times open and close leak nothing") {
    PoolFixture f;
    f.config.minPoolSize = 4;
    f.config.housekeeping = HousekeepingMode::Thread;
    std::size_t before = 0;
    std::int64_t memoryBefore = 0;
    for (int i = 0; i < 50; ++i) {
      f.open();
      if (i == 0) f.pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY)");
      f.pool.run("INSERT INTO item VALUES (?)", i);
      CHECK(f.rows() == i + 1);
      f.pool.close();
      if (i == 0) {
        before = openFiles();
        memoryBefore = sqlite3_memory_used();
      }
    }
    CHECK(openFiles() == before);
    CHECK(openFilesUnder(f.directory.path()) == 0);
    CHECK(sqlite3_memory_used() == memoryBefore);
    CHECK(eventually([] { return openThreads() == (kToolThread ? 2 : 1); }));
  }

  TEST_CASE("a pool can be opened on another file") {
    PoolFixture f;
    f.openWithRows(3);
    f.pool.close();
    f.config.database = f.directory.file("second.db");
    f.config.poolSize = 2;
    f.openWithRows(1);
    CHECK(f.rows() == 1);
    CHECK(f.pool.metrics().poolSize == 2);
  }

  TEST_CASE("a pool destroyed while open closes as close does") {
    PoolFixture f;
    {
      ConnectionPool pool(f.config);
      pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY)");
    }
    CHECK_FALSE(std::filesystem::exists(f.config.database + "-wal"));
    CHECK(openFilesUnder(f.directory.path()) == 0);
  }

  TEST_CASE("pools on two files do not meet") {
    PoolFixture one;
    PoolFixture two;
    one.openWithRows(1);
    two.openWithRows(2);
    one.pool.transaction([&](Transaction& tx) {
      tx.run("INSERT INTO item(name) VALUES ('x')");
      two.pool.transaction([](Transaction& other) { other.run("DELETE FROM item"); });
    });
    CHECK(one.rows() == 2);
    CHECK(two.rows() == 0);
    one.pool.close();
    CHECK(two.rows() == 0);
  }

  TEST_CASE("a manager is the same object for its name for as long as the process lives") {
    ConnectionManager& standard = ConnectionManager::instance();
    CHECK(&standard == &ConnectionManager::instance());
    CHECK(&standard == &ConnectionManager::instance(""));
    ConnectionManager& audit = ConnectionManager::instance("audit");
    CHECK(audit.name() == "audit");
    CHECK(&audit == &ConnectionManager::instance(std::string("au") + "dit"));
    CHECK(&audit != &standard);
    CHECK(audit.name() == "audit");
    CHECK(standard.name().empty());
    std::vector<ConnectionManager*> seen(8);
    std::vector<std::thread> threads;
    for (ConnectionManager*& each : seen) {
      threads.emplace_back([&each] { each = &ConnectionManager::instance("raced"); });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(std::count(seen.begin(), seen.end(), seen.front()) == 8);
    PoolFixture f;
    standard.open(f.config);
    CHECK(standard.isOpen());
    CHECK_FALSE(audit.isOpen());
    standard.close();
    audit.open(f.config);
    audit.close();
  }

  TEST_CASE("only one of many concurrent opens wins") {
    PoolFixture f;
    std::atomic<int> opened{0};
    std::atomic<int> refused{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const auto code = codeOf([&] { f.open(); });
        if (!code) ++opened;
        if (code == ErrorCode::Misuse) ++refused;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(opened == 1);
    CHECK(refused == 3);
    f.pool.run("SELECT 1");
  }

  TEST_CASE("a file has one pool in a process") {
    PoolFixture f;
    f.open();
    ConnectionPool second;
    const auto error = errorOf([&] { second.open(f.config); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Misuse);
    CHECK(contains(error->what(), "another pool"));
    CHECK_FALSE(second.isOpen());
    f.pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY)");
    f.pool.close();
    second.open(f.config);
    CHECK(codeOf([&] { f.pool.open(f.config); }) == ErrorCode::Misuse);
    CHECK(second.queryValue<std::int64_t>("SELECT count(*) FROM item") == 0);
  }
}
