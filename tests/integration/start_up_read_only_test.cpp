// The last rung: a damaged database that is not repaired, or cannot be, is open for reading.

#include <doctest/doctest.h>

#include <filesystem>

#include <holdfast/holdfast.hpp>

#include "integration/start_up_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

namespace {

struct DamagedFile : StartUpFixture {
  void damage() {
    replacePage(config.database, 20, std::string(kPageBytes, '\0'));
    damaged = fileContent(config.database);
    leaveLog(config.database);
  }
  void checkReadsOnly(const OpenReport& report) {
    CHECK(report.recovery.action == RecoveryAction::OpenedReadOnly);
    CHECK(report.recovery.cause == RecoveryCause::Damaged);
    CHECK_FALSE(report.recovery.findings.empty());
    CHECK(report.recovery.quarantined.empty());
    CHECK(pool.storageState() == StorageState::Damaged);
    CHECK(events->count(EventKind::DamageFound) == 1);
    CHECK(events->count(EventKind::DatabaseRecovered) == 0);
    CHECK(logger->contains("opened for reading only"));
    CHECK(pool.queryValue<std::string>("SELECT name FROM item WHERE id = 1").has_value());
    CHECK(codeOf([this] { pool.query("SELECT * FROM item NOT INDEXED"); }) == ErrorCode::Corrupt);
    for (const std::string text : {"INSERT INTO item(name) VALUES ('x')", "CREATE TABLE other(x)", "REINDEX",
                                   "PRAGMA user_version=9", "DROP TABLE item"}) {
      CAPTURE(text);
      const auto error = errorOf([&] { pool.run(Sql::unchecked(text)); });
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::Corrupt);
      CHECK(error->recovery() == Recovery::RestoreBackup);
      CHECK(contains(error->what(), "takes no writes"));
    }
    CHECK(codeOf([this] { pool.transaction([](Transaction&) {}); }) == ErrorCode::Corrupt);
    CHECK(codeOf([this] { pool.acquire()->run("DELETE FROM item"); }) == ErrorCode::Corrupt);
    const HealthReport health = pool.checkHealth();
    CHECK_FALSE(health.healthy);
    CHECK_FALSE(health.writable);
    CHECK(health.storageState == StorageState::Damaged);
    REQUIRE(health.recovery.has_value());
    CHECK(health.recovery->action == RecoveryAction::OpenedReadOnly);
    clock->advance(1h);
    pool.tick();
    CHECK(pool.storageState() == StorageState::Damaged);
    pool.close();
    CHECK(fileContent(config.database) == damaged);
    CHECK(fs::exists(config.database + "-wal"));
    CHECK_FALSE(fs::exists(quarantined()));
  }
  std::string damaged;
};

}  // namespace

TEST_SUITE("integration/start_up_read_only") {
  TEST_CASE("without a backup and with salvage off what can be read is read, and nothing is changed") {
    DamagedFile f;
    f.make();
    f.damage();
    f.config.salvage = false;
    f.checkReadsOnly(f.pool.open(f.config));
    f.config.salvage = true;  // The next start looks again.
    CHECK(f.pool.open(f.config).recovery.action == RecoveryAction::Salvaged);
    CHECK(f.rows() > kRows / 2);
  }

  TEST_CASE("with repairAtOpen off the same, also where there is a backup") {
    DamagedFile f;
    f.makeWithBackup();
    f.damage();
    f.config.repairAtOpen = false;
    f.checkReadsOnly(f.pool.open(f.config));
    f.config.repairAtOpen = true;
    CHECK(f.pool.open(f.config).recovery.action == RecoveryAction::Restored);
    CHECK(f.rows() == kRows);
  }

  TEST_CASE("so is one with a rollback journal, and the next start looks at it again") {
    DamagedFile f;
    f.make();
    RawSqlite(f.config.database).text("PRAGMA journal_mode=DELETE");
    replacePage(f.config.database, 20, std::string(kPageBytes, '\0'));
    f.damaged = fileContent(f.config.database);
    f.config.checkAtOpen = OpenCheck::Always;
    f.config.salvage = false;
    f.checkReadsOnly(f.pool.open(f.config));
    f.config.checkAtOpen = OpenCheck::AfterCrash;
    CHECK(f.pool.open(f.config).recovery.action == RecoveryAction::OpenedReadOnly);
  }

  TEST_CASE("one handle for everything reads, too") {
    DamagedFile f;
    f.config.poolSize = 1;
    f.make();
    f.damage();
    f.config.salvage = false;
    f.checkReadsOnly(f.pool.open(f.config));
  }

  TEST_CASE("with readDamaged off it is refused") {
    DamagedFile f;
    f.make();
    f.damage();
    f.config.salvage = false;
    f.config.readDamaged = false;
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::Corrupt);
    CHECK_FALSE(f.pool.isOpen());
    CHECK(fileContent(f.config.database) == f.damaged);
  }

  TEST_CASE("one whose schema cannot be read is refused in any case") {
    DamagedFile f;
    f.make();
    overwrite(f.config.database, 100, std::string(kPageBytes - 100, '\x5a'));
    leaveLog(f.config.database);
    f.config.salvage = false;
    const auto code = codeOf([&] { f.open(); });
    CHECK((code == ErrorCode::Corrupt || code == ErrorCode::NotADatabase));
    CHECK_FALSE(f.pool.isOpen());
  }

  TEST_CASE("one without a table is not opened as if it were empty") {
    DamagedFile f;
    f.make();
    overwrite(f.config.database, 100, std::string("\x0d\0\0\0\0\x10\0\0", 8));  // A schema without a row.
    f.damaged = fileContent(f.config.database);
    leaveLog(f.config.database);
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::Corrupt);
    CHECK(fileContent(f.config.database) == f.damaged);
  }
}
