// Damage that is met while the pool is open: confirmed, repaired, told of, and the pool serves again.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <stdexcept>

#include <holdfast/holdfast.hpp>

#include "integration/running_damage_fixture.hpp"
#include "support/faulty_vfs.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

TEST_SUITE("integration/running_damage") {
  TEST_CASE("damage that a read meets is repaired by the next round, and what was done is told") {
    Running f;
    f.start();
    f.damagePage();
    const std::string damaged = fileContent(f.config.database);
    CHECK(f.readAll() == ErrorCode::Corrupt);
    CHECK(f.pool.storageState() == StorageState::Damaged);
    const auto refused = errorOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('x')"); });
    REQUIRE(refused.has_value());
    CHECK(refused->code() == ErrorCode::Corrupt);
    CHECK(contains(refused->what(), "takes no writes"));
    CHECK(codeOf([&] { f.pool.run("CREATE TABLE other(x)"); }) == ErrorCode::Corrupt);
    CHECK(codeOf([&] { f.pool.transaction([](Transaction&) {}); }) == ErrorCode::Corrupt);
    CHECK(codeOf([&] { f.pool.acquire()->run("DELETE FROM item"); }) == ErrorCode::Corrupt);
    CHECK(f.pool.queryValue<std::string>("SELECT name FROM item WHERE id = 1").has_value());
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.rows() == kRows);
    CHECK_FALSE(f.insert());
    CHECK(f.events->count(EventKind::DamageFound) == 1);
    CHECK(f.events->count(EventKind::DatabaseRecovered) == 1);
    CHECK(f.events->count(EventKind::StorageChanged) == 2);
    CHECK(f.logger->contains("has been restored from"));
    const PoolMetrics metrics = f.pool.metrics();
    CHECK(metrics.recoveryTook[static_cast<std::size_t>(RecoveryCause::Damaged)].count() > 0);
    CHECK(metrics.storageState == StorageState::Ok);
    const HealthReport health = f.pool.checkHealth();
    CHECK(health.healthy);
    REQUIRE(health.recovery.has_value());
    CHECK(health.recovery->action == RecoveryAction::Restored);
    CHECK(health.recovery->backup == f.backup);
    CHECK(health.recovery->took.count() > 0);
    REQUIRE_FALSE(health.recovery->quarantined.empty());
    CHECK(health.recovery->quarantined.front() == f.quarantined());
    CHECK(fileContent(f.quarantined()) == damaged);
    f.pool.close();
    CHECK(f.isSound());
  }

  TEST_CASE("a backup of before a migration is brought up to date, and its fewer commits are not missed") {
    Running f;
    f.config.commitNoteInterval = 1h;
    f.config.migrations = makeMigrator(
        {.steps = {{.version = 1, .name = "one", .sql = {"CREATE TABLE one(x)"}},
                   {.version = 2, .name = "two", .sql = {"CREATE TABLE two(x)"}},
                   {.version = 3, .name = "three", .sql = {"CREATE TABLE three(x)"}},
                   {.version = 4, .name = "units", .sql = {"ALTER TABLE item ADD COLUMN unit TEXT DEFAULT 'K'"}}},
         .backup = false,
         .adoptUserVersion = true});
    f.start();
    CHECK_FALSE(f.insert());
    f.pool.checkpoint();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.pool.queryValue<std::string>("SELECT unit FROM item WHERE id = 1") == "K");
    CHECK(f.pool.migrationStatus().contract.version == 4);
    CHECK_FALSE(f.insert());
    f.pool.close();
    CHECK(f.pool.open(f.config).commitsMissing == 0);
  }

  TEST_CASE("what cannot be brought up to date after a repair is only read") {
    Running f;
    int runs = 0;
    const auto work = [&runs](Transaction&) {
      if (++runs > 1) throw std::runtime_error("once is enough");
    };
    Migrations migrations;
    for (int version = 1; version <= 3; ++version)
      migrations.steps.push_back({.version = version, .sql = {"SELECT 1"}});
    migrations.steps.push_back({.version = 4, .name = "fourth", .work = work});
    migrations.backup = false;
    migrations.adoptUserVersion = true;
    f.config.migrations = makeMigrator(std::move(migrations));
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    f.pool.tick();
    CHECK(runs == 2);
    CHECK(f.rows() == kRows);
    const auto refused = errorOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('x')"); });
    REQUIRE(refused.has_value());
    CHECK(refused->code() == ErrorCode::ReadOnly);
    CHECK(contains(refused->what(), "once is enough"));
  }

  TEST_CASE("the housekeeper does not wait for its next round") {
    const Watchdog watchdog("damage is not repaired");
    Running f;
    f.config.housekeeping = HousekeepingMode::Thread;
    f.config.housekeepingInterval = 1h;
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    CHECK(eventually([&] { return f.pool.storageState() == StorageState::Ok; }));
    CHECK(f.rows() == kRows);
    CHECK_FALSE(f.insert());
  }

  TEST_CASE("what met a passing error is found sound, and nothing is replaced") {
    FaultyVfs disk;
    Running f;
    f.start();
    CHECK(f.rows() == kRows + 1);
    RawSqlite(f.config.database).run("CREATE TABLE theirs(x)");  // So that pages have to be read again.
    disk.fail(FileRole::Log, FileAction::Read, SQLITE_CORRUPT);
    CHECK(f.readAll() == ErrorCode::Corrupt);
    CHECK(f.pool.storageState() == StorageState::Damaged);
    CHECK(f.insert().has_value());
    disk.heal();
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK_FALSE(f.insert());
    CHECK(f.events->count(EventKind::DatabaseRecovered) == 0);
    CHECK_FALSE(fs::exists(f.quarantined()));
    CHECK_FALSE(f.pool.checkHealth().recovery.has_value());
  }

  TEST_CASE("a medium that cannot be read is no damage, however often it is asked") {
    FaultyVfs disk;
    Running f;
    f.start();
    RawSqlite(f.config.database).run("CREATE TABLE theirs(x)");
    disk.fail(FileRole::Log, FileAction::Read, SQLITE_CORRUPT, 0, 1);
    CHECK(f.readAll() == ErrorCode::Corrupt);
    disk.fail(FileRole::Database, FileAction::Read, SQLITE_IOERR_READ);
    for (int i = 0; i < 3; ++i) {
      f.letTimePass();
      f.pool.tick();
      CHECK(f.pool.storageState() == StorageState::Damaged);
    }
    CHECK_FALSE(fs::exists(f.quarantined()));
    disk.heal();
    f.letTimePass();
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.rows() == kRows + 1);
  }

  TEST_CASE("an index that does not match its table is built anew, and nothing is lost") {
    Running f;
    {
      RawSqlite raw(f.config.database);
      raw.run("PRAGMA writable_schema=ON");
      raw.run("CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'by_name'");
      raw.run("DELETE FROM sqlite_schema WHERE name = 'by_name'");
    }
    {
      RawSqlite raw(f.config.database);
      raw.run("INSERT INTO item(name) VALUES ('unindexed')");
      raw.run("PRAGMA writable_schema=ON");
      raw.run("INSERT INTO sqlite_schema SELECT * FROM kept");
    }
    f.start();
    CHECK(codeOf([&] { f.pool.run("DELETE FROM item WHERE id = (SELECT max(id) FROM item)"); }) == ErrorCode::Corrupt);
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    const HealthReport health = f.pool.checkHealth();
    REQUIRE(health.recovery.has_value());
    CHECK(health.recovery->action == RecoveryAction::Reindexed);
    CHECK(f.rows() == kRows + 2);
    CHECK_FALSE(codeOf([&] { f.pool.run("DELETE FROM item WHERE id = (SELECT max(id) FROM item)"); }));
  }

  TEST_CASE("without a backup what can be read is kept") {
    Running f(false);
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    f.pool.tick();
    const HealthReport health = f.pool.checkHealth();
    REQUIRE(health.recovery.has_value());
    CHECK(health.recovery->action == RecoveryAction::Salvaged);
    CHECK(f.rows() == static_cast<std::int64_t>(health.recovery->salvage.rowsKept));
    CHECK(f.rows() > kRows / 2);
    CHECK_FALSE(f.insert());
  }

  TEST_CASE("where it is not to be repaired while it is open, reads go on until the next start repairs it") {
    Running f;
    SUBCASE("by repairWhileOpen") { f.config.repairWhileOpen = false; }
    SUBCASE("by repairAtOpen") { f.config.repairAtOpen = false; }
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    for (int i = 0; i < 3; ++i) {
      f.pool.tick();
      f.letTimePass();
    }
    CHECK(f.pool.storageState() == StorageState::Damaged);
    CHECK(f.insert() == ErrorCode::Corrupt);
    CHECK(f.pool.queryValue<std::string>("SELECT name FROM item WHERE id = 1").has_value());
    CHECK_FALSE(f.pool.checkHealth().healthy);
    CHECK_FALSE(fs::exists(f.quarantined()));
    f.pool.close();
    CHECK(fs::exists(f.config.database + "-wal"));  // By which the next start knows.
    f.config.repairAtOpen = true;
    CHECK(f.pool.open(f.config).recovery.action == RecoveryAction::Restored);
    CHECK(f.rows() == kRows);
    CHECK_FALSE(f.insert());
  }

  TEST_CASE("a file that was emptied is lost and not new") {
    Running f;
    SUBCASE("with a backup it is restored") {
      f.start();
      f.damage([](const std::string& path) { cutFile(path, 0); });
      CHECK(f.readAll().has_value());
      f.pool.tick();
      CHECK(f.pool.storageState() == StorageState::Ok);
      CHECK(f.rows() == kRows);
      REQUIRE(f.pool.checkHealth().recovery.has_value());
      CHECK(f.pool.checkHealth().recovery->cause == RecoveryCause::Lost);
    }
    SUBCASE("without one it stays refused") {
      f.config.backup.path.clear();
      f.start();
      f.damage([](const std::string& path) { cutFile(path, 0); });
      CHECK(f.readAll().has_value());
      f.pool.tick();
      CHECK(f.pool.storageState() == StorageState::Damaged);
      CHECK(f.insert().has_value());
      CHECK(fs::file_size(f.config.database) == 0);
    }
  }

  TEST_CASE("what nothing can be read of is left as it is") {
    Running f(false);
    f.start();
    f.damage([](const std::string& path) { writeFile(path, std::string(50'000, '\x5a')); });
    CHECK(f.readAll().has_value());
    f.pool.tick();
    f.letTimePass();
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Damaged);
    CHECK(f.insert().has_value());
    CHECK(fileContent(f.config.database) == std::string(50'000, '\x5a'));
    CHECK_FALSE(fs::exists(f.quarantined()));
    CHECK(f.logger->contains("could not be repaired"));
  }

  TEST_CASE("where nothing helps what can be read is read by handles that write nothing") {
    Running f(false);
    f.config.salvage = false;
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    const std::string damaged = fileContent(f.config.database);
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Damaged);
    CHECK(f.pool.queryValue<std::string>("SELECT name FROM item WHERE id = 1").has_value());
    CHECK(f.insert() == ErrorCode::Corrupt);
    const HealthReport health = f.pool.checkHealth();
    REQUIRE(health.recovery.has_value());
    CHECK(health.recovery->action == RecoveryAction::OpenedReadOnly);
    CHECK(health.storageState == StorageState::Damaged);
    f.pool.close();
    CHECK(fileContent(f.config.database) == damaged);
  }
}
