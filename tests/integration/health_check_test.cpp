// What checkHealth() finds, and what it costs.

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include <holdfast/units.hpp>

#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

#if HOLDFAST_JSON
#include <nlohmann/json.hpp>
#endif

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
using holdfast::testing::Failure;
using holdfast::testing::FaultyDisk;
using holdfast::testing::IoFault;

namespace {

struct Opened : PoolFixture {
  Opened() : PoolFixture(2) {
    openWithRows(3);
    CHECK(rows() == 3);
  }
  std::uint64_t logged() { return pool.metrics().bytesLogged; }
};

}  // namespace

TEST_SUITE("integration/health_check") {
  TEST_CASE("a healthy database is reported with what is known of it") {
    Opened f;
    const HealthReport report = f.pool.checkHealth();
    CHECK(report.healthy);
    CHECK(report.writable);
    CHECK(report.connectionsChecked == 2);
    CHECK(report.connectionsSkipped == 0);
    CHECK(report.storageState == StorageState::Ok);
    CHECK(report.storageReason.empty());
    CHECK(report.freeBytes > 0);
    CHECK(report.totalBytes >= report.freeBytes);
    CHECK(report.databaseBytes > 0);
    CHECK_FALSE(report.sqliteSourceId.empty());
    CHECK(std::any_of(report.compileOptions.begin(), report.compileOptions.end(),
                      [](const std::string& option) { return option.starts_with("THREADSAFE="); }));
    CHECK((report.walResetBug == std::any_of(report.notes.begin(), report.notes.end(), [](const std::string& note) {
             return contains(note, "can lose commits");
           })));
    CHECK(report.duration.count() >= 0);
  }

  TEST_CASE("no page is written to prove what commits have proved") {
    Opened f;
    const std::uint64_t before = f.logged();
    HealthReport report = f.pool.checkHealth();
    CHECK_FALSE(report.wrotePage);
    REQUIRE(report.lastWriteAge);
    CHECK(*report.lastWriteAge == 0ms);
    f.clock->advance(30min);
    report = f.pool.checkHealth();
    CHECK_FALSE(report.wrotePage);
    CHECK(*report.lastWriteAge == 30min);
    CHECK(f.logged() == before);
  }

  TEST_CASE("where nothing was written for long a page is, once") {
    Opened f;
    f.pool.checkHealth();
    const std::uint64_t before = f.logged();
    f.clock->advance(2h);
    HealthReport report = f.pool.checkHealth();
    CHECK(report.wrotePage);
    CHECK(report.writable);
    CHECK(*report.lastWriteAge == 0ms);
    CHECK(f.logged() > before);
    CHECK(f.logged() - before < 2 * 4200);
    report = f.pool.checkHealth();
    CHECK_FALSE(report.wrotePage);
    CHECK(f.rows() == 3);
  }

  TEST_CASE(
      "a database that was not written since it was opened is written once, and each time where that is asked for") {
    Opened f;
    f.reopen();
    HealthReport report = f.pool.checkHealth();
    CHECK(report.wrotePage);
    f.pool.close();
    f.config.writeProofInterval = 0ms;
    f.open();
    CHECK(f.pool.checkHealth().wrotePage);
    CHECK(f.pool.checkHealth().wrotePage);
  }

  TEST_CASE("a handle that could not write is found out by the page that is written") {
    FaultyDisk disk;
    Opened f;
    f.pool.checkHealth();
    f.clock->advance(2h);
    disk.fail({.failure = Failure::NoSpace, .times = IoFault::kForEver});
    HealthReport report = f.pool.checkHealth();
    CHECK_FALSE(report.healthy);
    CHECK_FALSE(report.writable);
    CHECK(report.storageState == StorageState::Full);
    CHECK(contains(report.storageReason, "storage full"));
    disk.heal();
    report = f.pool.checkHealth();
    CHECK(report.writable);
    CHECK(report.healthy);
    CHECK(report.storageState == StorageState::Ok);
  }

  TEST_CASE("a page that cannot be read is found out, and the handle replaced when it can") {
    FaultyDisk disk;
    Opened f;
    f.pool.checkpoint();
    disk.fail({.role = FileRole::Database, .action = FileAction::Read, .times = IoFault::kForEver});
    HealthReport report = f.pool.checkHealth();
    CHECK_FALSE(report.healthy);
    CHECK(report.problems.size() >= 2);
    disk.heal();
    f.clock->advance(1min);
    report = f.pool.checkHealth();
    CHECK(report.healthy);
    CHECK(report.writable);
  }

  TEST_CASE("a write handle that breaks while it is checked is replaced") {
    FaultyDisk disk;
    Opened f;
    f.pool.checkHealth();
    f.clock->advance(2h);
    disk.fail({.role = FileRole::Log, .action = FileAction::Sync, .times = 1});
    const HealthReport report = f.pool.checkHealth();
    CHECK_FALSE(report.healthy);
    CHECK(report.connectionsReplaced == 1);
    CHECK(f.pool.checkHealth().healthy);
  }

  TEST_CASE("a reserve that is reached is a problem, and the database is not writable") {
    Opened f;
    f.pool.close();
    f.config.storageReserve = 1024 * GiB;
    f.open();
    const HealthReport report = f.pool.checkHealth();
    CHECK_FALSE(report.healthy);
    CHECK_FALSE(report.writable);
    CHECK(report.storageState == StorageState::Full);
  }

  TEST_CASE("damage that was met is a problem until the database is opened anew") {
    FaultyDisk disk;
    Opened f;
    RawSqlite(f.config.database).run("CREATE TABLE theirs(x)");  // So that pages have to be read again.
    disk.fail(
        {.role = FileRole::Log, .action = FileAction::Read, .times = IoFault::kForEver, .sqliteCode = SQLITE_CORRUPT});
    CHECK(codeOf([&] { f.pool.query("SELECT * FROM item"); }) == ErrorCode::Corrupt);
    disk.heal();
    f.clock->advance(1min);
    const HealthReport report = f.pool.checkHealth();
    CHECK(report.storageState == StorageState::Damaged);
    CHECK_FALSE(report.healthy);
    f.reopen();
    CHECK(f.pool.storageState() == StorageState::Ok);
  }

  TEST_CASE("a write handle in use is waited for, and reported where that is in vain") {
    Opened f;
    const Watchdog watchdog("a health check does not end");
    {
      const PooledConnection held = f.pool.acquire();
      const HealthReport own = f.pool.checkHealth();  // By who holds it: that is no problem.
      CHECK(own.healthy);
      CHECK_FALSE(own.writable);
      CHECK(own.connectionsBusy == 1);
      HealthReport report;
      std::jthread([&] { report = f.pool.checkHealth(1ms); }).join();
      CHECK_FALSE(report.healthy);
      CHECK_FALSE(report.writable);
    }
    std::optional<PooledConnection> held = f.pool.acquire();
    HealthReport report;
    std::jthread checker([&] { report = f.pool.checkHealth(kPatience); });
    CHECK(eventually([&] { return f.pool.metrics().pendingRequests == 1; }));
    held.reset();
    checker.join();
    CHECK(report.healthy);
    CHECK(report.writable);
  }

  TEST_CASE("a lock of another process is waited for no longer than the timeout") {
    Opened f;
    RawSqlite other(f.config.database);
    other.run("BEGIN IMMEDIATE");
    const HealthReport report = f.pool.checkHealth(20ms);
    CHECK_FALSE(report.writable);
    CHECK_FALSE(report.healthy);
    CHECK(report.duration < 3s);  // busyTimeout.
    other.run("COMMIT");
    CHECK(f.pool.checkHealth().writable);
  }

  TEST_CASE("handles that there is no time for are counted") {
    Opened f;
    const HealthReport report = f.pool.checkHealth(0ms);
    CHECK(report.connectionsChecked == 1);
    CHECK(report.connectionsSkipped == 1);
    CHECK_FALSE(report.healthy);
  }

#if HOLDFAST_JSON
  TEST_CASE("the report is told in JSON") {
    Opened f;
    const nlohmann::json json = toJson(f.pool.checkHealth());
    CHECK(json["healthy"] == true);
    CHECK(json["storageState"] == "ok");
    CHECK(json["lastWriteAgeMilliseconds"] == 0);
    CHECK(json["compileOptions"].size() > 3);
    CHECK(json["problems"].empty());
    CHECK(json["recovery"] == nullptr);
    CHECK(toJson(HealthReport{})["lastWriteAgeMilliseconds"] == nullptr);
  }

  TEST_CASE("what was repaired is told in JSON") {
    HealthReport report;
    report.recovery.emplace();
    report.recovery->cause = RecoveryCause::Damaged;
    report.recovery->action = RecoveryAction::Salvaged;
    report.recovery->salvage.rowsKept = 7;
    report.recovery->quarantined = {"a.db.damaged-1"};
    nlohmann::json json = toJson(report)["recovery"];
    CHECK(json["cause"] == toText(RecoveryCause::Damaged));
    CHECK(json["action"] == toText(RecoveryAction::Salvaged));
    CHECK(json["rowsKept"] == 7);
    CHECK(json["quarantined"].size() == 1);
    CHECK(json["rowsLostAtMost"] == 0);
    report.recovery->salvage.rowsLostAtMost.reset();
    json = toJson(report)["recovery"];
    CHECK(json["rowsLostAtMost"] == nullptr);
  }
#endif
}
