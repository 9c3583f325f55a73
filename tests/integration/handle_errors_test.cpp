// Handles whose files fail them: what their holders are told, and what becomes of the handles.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "support/child_process.hpp"
#include "support/fail_each_allocation.hpp"
#include "support/failing_allocation.hpp"
#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : FaultyVfs, PoolFixture {
  explicit Opened(Durability durability = Durability::Full) : PoolFixture(2) {
    config.durability = durability;
    config.busyTimeout = 10ms;
    openWithRows(1);
  }
  void insert(const TransactionOptions& options = {}) {
    pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('x')"); }, options);
  }
  std::int64_t rawRows() const { return RawSqlite(config.database).integer("SELECT count(*) FROM item"); }
  /// Writes go on, and nothing is torn.
  void checkGoesOn() {
    heal();
    clock->advance(1min);  // A handle that could not be opened is tried again.
    const std::int64_t before = rows();
    insert();
    CHECK(rows() == before + 1);
    CHECK(rawRows() == before + 1);
    CHECK(RawSqlite(config.database).text("PRAGMA integrity_check") == "ok");
    CHECK(pool.checkHealth().healthy);
  }
};

/// Makes a file system without shared memory the default.
class WithoutSharedMemory {
 public:
  WithoutSharedMemory() : before_(sqlite3_vfs_find(nullptr)) {
    sqlite3_vfs_register(sqlite3_vfs_find("unix-dotfile"), 1);
  }
  WithoutSharedMemory(const WithoutSharedMemory&) = delete;
  WithoutSharedMemory& operator=(const WithoutSharedMemory&) = delete;
  ~WithoutSharedMemory() { sqlite3_vfs_register(before_, 1); }

 private:
  sqlite3_vfs* before_;
};

}  // namespace

TEST_SUITE("integration/handle_errors") {
  TEST_CASE("a COMMIT that failed once and that another one took the place of is certainly not done") {
    for (const Durability durability : {Durability::Full, Durability::Normal}) {
      Opened f(durability);
      f.fail(FileRole::Log, FileAction::Write, SQLITE_IOERR_WRITE, 0, 1);
      CHECK(codeOf([&] { f.insert(); }) == ErrorCode::IoError);
      CHECK(f.refused() == 1);
      CHECK(f.rawRows() == 1);
      CHECK(f.pool.metrics().connectionsRecovered == 1);
      f.checkGoesOn();
    }
  }

  TEST_CASE("where a full sync is asked for of a weaker database and fails the outcome is unknown") {
    Opened f(Durability::Normal);
    f.fail(FileRole::Log, FileAction::Sync, SQLITE_IOERR_FSYNC);
    CHECK(codeOf([&] { f.insert({.durability = Durability::Full}); }) == ErrorCode::OutcomeUnknown);
    CHECK(f.refused() > 1);
    f.checkGoesOn();
  }

  TEST_CASE("a sync that failed once is made up for by copying what is committed into the database") {
    Opened f(Durability::Normal);
    f.fail(FileRole::Log, FileAction::Sync, SQLITE_IOERR_FSYNC, 0, 1);
    const int syncs = f.syncs(FileRole::Database);
    CHECK_FALSE(codeOf([&] { f.insert({.durability = Durability::Full}); }).has_value());
    CHECK(f.refused() == 1);
    CHECK(f.syncs(FileRole::Database) > syncs);
    CHECK(f.rawRows() == 2);
    f.checkGoesOn();
  }

  TEST_CASE("a flush() that cannot sync says so") {
    Opened f(Durability::Normal);
    f.insert();
    f.fail(FileRole::Log, FileAction::Sync, SQLITE_IOERR_FSYNC);
    const auto error = errorOf([&] { f.pool.flush(); });
    CHECK(f.refused() > 0);
    f.heal();
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::IoError);
    CHECK(contains(error->what(), "sync of the log"));
    CHECK(f.pool.metrics().connectionsRecovered == 1);
    CHECK_FALSE(codeOf([&] { f.pool.flush(); }).has_value());
    f.checkGoesOn();
  }

  TEST_CASE("checkHealth() replaces a handle that cannot read the file") {
    Opened f;
    f.fail(FileRole::Database, FileAction::Read, SQLITE_IOERR_READ, 0, 1);
    const HealthReport report = f.pool.checkHealth();
    CHECK(f.refused() == 1);
    CHECK_FALSE(report.healthy);
    CHECK(report.problems.size() == 1);
    CHECK(report.connectionsReplaced == 1);
    CHECK(f.pool.checkHealth().healthy);
    f.checkGoesOn();
  }

  TEST_CASE("checkHealth() notices a file that does not begin like a database any more") {
    Opened f;
    REQUIRE(f.pool.checkpoint().truncated);
    // Another process does it: closing the file here would drop SQLite's locks.
    const auto overwrite = [&](const std::string& header) {
      REQUIRE(inChild([&] {
                std::fstream file(f.config.database, std::ios::binary | std::ios::in | std::ios::out);
                return file.write(header.data(), static_cast<std::streamsize>(header.size())).flush() ? 0 : 1;
              }) == 0);
    };
    overwrite("SQLite format 4");
    const HealthReport report = f.pool.checkHealth();
    CHECK_FALSE(report.healthy);
    REQUIRE_FALSE(report.problems.empty());
    CHECK(contains(report.problems.front(), "does not begin like a database"));
    CHECK(f.pool.storageState() == StorageState::Damaged);
    overwrite("SQLite format 3");
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    f.checkGoesOn();
  }

  TEST_CASE("checkHealth() says that nothing can be written while another process holds the lock") {
    Opened f;
    RawSqlite other(f.config.database);
    other.run("BEGIN IMMEDIATE");
    const HealthReport report = f.pool.checkHealth();
    CHECK_FALSE(report.healthy);
    CHECK_FALSE(report.writable);
    CHECK(report.problems.size() == 1);
    CHECK(report.connectionsReplaced == 0);
    other.run("COMMIT");
    CHECK(f.pool.checkHealth().writable);
  }

  TEST_CASE("a connection whose transaction SQLite has rolled back takes no statement until that has ended") {
    Opened f;
    {
      const PooledConnection lease = f.pool.acquire();
      {
        Transaction tx(*lease);
        tx.run("INSERT INTO item(name) VALUES ('lost')");
        CHECK(codeOf([&] { tx.run("INSERT OR ROLLBACK INTO item(id) VALUES (1)"); }) == ErrorCode::Constraint);
        // It would be carried out on its own, outside of any transaction.
        CHECK(codeOf([&] { lease->run("INSERT INTO item(name) VALUES ('alone')"); }) == ErrorCode::TransactionAborted);
        CHECK(codeOf([&] { lease->query("SELECT 1"); }) == ErrorCode::TransactionAborted);
      }
      CHECK(lease->run("INSERT INTO item(name) VALUES ('after')").changes == 1);
    }
    CHECK(f.rows() == 2);
  }

  TEST_CASE("a file system without shared memory is refused as such") {
    PoolFixture f;
    {
      const WithoutSharedMemory vfs;
      const auto error = errorOf([&] { f.open(); });
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::Unsupported);
      CHECK(contains(error->what(), "shared memory"));
      CHECK_FALSE(f.pool.isOpen());
    }
    f.openWithRows(1);
    CHECK(f.rows() == 1);
  }

  TEST_CASE("a COMMIT that fails where there is no memory for the reason changes nothing and loses no handle") {
    bool failed = true;
    for (int allowed = 0; failed && allowed < 200; ++allowed) {
      CAPTURE(allowed);
      Opened f;
      f.pool.close();
      f.config.logger = std::make_shared<NoLogger>();
      f.open();
      bool thrown = false;
      {
        Transaction tx = f.pool.begin();
        tx.run("INSERT INTO item(name) VALUES ('x')");
        f.fail(FileRole::Log, FileAction::Write, SQLITE_FULL);
        const FailingAllocation failing(allowed);
        try {
          tx.commit();
        } catch (const std::exception&) {
          thrown = true;
        }
        failed = FailingAllocation::hasFailed();
      }
      CHECK(thrown);
      CHECK(f.rawRows() == 1);
      f.checkGoesOn();
    }
    CHECK_FALSE(failed);
  }

  TEST_CASE("a health check that meets a read error without memory for its text goes on") {
    CHECK(survives([] {
      Opened f;
      f.pool.close();
      f.config.logger = std::make_shared<NoLogger>();
      f.open();
      bool good = true;
      const int points = failEachAllocation(
          [&] {
            f.fail(FileRole::Database, FileAction::Read, SQLITE_IOERR_READ, 0, 1);
            f.pool.checkHealth();
          },
          [&] {
            f.heal();
            f.clock->advance(1min);
            good = good && f.pool.metrics().activeConnections == 0;
            good = good && !codeOf([&] { f.insert(); });
          });
      return good && points > 1;
    }));
  }
}
