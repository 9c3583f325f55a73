// What open() does with each kind of damage.

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "integration/start_up_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

namespace {

struct Damage {
  std::string name;
  std::function<void(const std::string& path)> apply;
};

/// Damage that a check finds, of what may be read of the rows.
std::vector<Damage> structuralDamage() {
  return {
      {"cut in half",
       [](const std::string& path) { cutFile(path, fs::file_size(path) / 2 / kPageBytes * kPageBytes); }},
      {"cut in the middle of a page", [](const std::string& path) { cutFile(path, fs::file_size(path) / 2 + 100); }},
      {"a zeroed page", [](const std::string& path) { replacePage(path, 20, std::string(kPageBytes, '\0')); }},
      {"two zeroed pages",
       [](const std::string& path) {
         replacePage(path, 20, std::string(kPageBytes, '\0'));
         replacePage(path, 40, std::string(kPageBytes, '\0'));
       }},
      {"a page of ones", [](const std::string& path) { replacePage(path, 30, std::string(kPageBytes, '\xff')); }},
      {"flipped bits", [](const std::string& path) { flipBits(path, 25, 7); }},
      {"a page in the place of another",
       [](const std::string& path) { replacePage(path, 22, fileContent(path).substr(29 * kPageBytes, kPageBytes)); }},
      {"an index without its pages",
       [](const std::string& path) {
         std::int64_t root = 0;
         {
           RawSqlite raw(path);
           raw.run("PRAGMA journal_mode=DELETE");
           root = raw.integer("SELECT rootpage FROM sqlite_schema WHERE name = 'by_name'");
         }
         replacePage(path, static_cast<std::size_t>(root), std::string(kPageBytes, '\0'));
       }},
  };
}

/// Damage after which nothing can be read.
std::vector<Damage> totalDamage() {
  return {
      {"another file", [](const std::string& path) { writeFile(path, "dear diary, today\n"); }},
      {"noise", [](const std::string& path) { writeFile(path, std::string(20'000, '\x5a')); }},
      {"no header", [](const std::string& path) { replacePage(path, 1, std::string(100, '\0')); }},
      {"another page size",
       [](const std::string& path) { replacePage(path, 1, std::string("SQLite format 3\0\3\3", 18)); }},
      {"the beginning alone", [](const std::string& path) { cutFile(path, 50); }},
  };
}

}  // namespace

TEST_SUITE("integration/start_up_damage") {
  TEST_CASE("a damaged database is replaced by its last backup, and kept") {
    std::vector<Damage> kinds = structuralDamage();
    for (Damage& total : totalDamage()) kinds.push_back(std::move(total));
    for (const Damage& kind : kinds) {
      CAPTURE(kind.name);
      StartUpFixture f;
      f.makeWithBackup();
      kind.apply(f.config.database);
      const std::string damaged = fileContent(f.config.database);
      leaveLog(f.config.database);
      const OpenReport report = f.pool.open(f.config);
      CHECK(report.recovery.cause == RecoveryCause::Damaged);
      CHECK(report.recovery.action == RecoveryAction::Restored);
      CHECK(report.recovery.checked == VerifyResult::Damaged);
      CHECK_FALSE(report.recovery.findings.empty());
      CHECK(report.recovery.backup == f.backup);
      REQUIRE(report.recovery.quarantined.size() == 2);
      CHECK(report.recovery.quarantined.front() == f.quarantined());
      CHECK(fileContent(f.quarantined()) == damaged);
      CHECK(fs::exists(f.quarantined() + "-wal"));
      CHECK(f.rows() == kRows);
      CHECK(f.pool.queryValue<int>("PRAGMA user_version") == 3);
      f.pool.run("INSERT INTO item(name) VALUES ('goes on')");
      CHECK(f.pool.verify(VerifyDepth::Full).isSound());
      CHECK(f.events->count(EventKind::DatabaseRecovered) == 1);
      CHECK(f.logger->contains("has been restored from"));
      CHECK(f.pool.metrics().recoveryTook[static_cast<std::size_t>(RecoveryCause::Damaged)].count() > 0);
      f.pool.close();
      CHECK(f.isSound());
      struct ::stat status {};
      REQUIRE(::stat(f.config.database.c_str(), &status) == 0);
      CHECK((status.st_mode & 07777) == 0600);
      CHECK_FALSE(fs::exists(f.config.database + ".restored"));
      CHECK_FALSE(fs::exists(f.config.database + ".restoring"));
    }
  }

  TEST_CASE("without a backup what can be read is kept, and what is lost is counted") {
    for (const Damage& kind : structuralDamage()) {
      CAPTURE(kind.name);
      StartUpFixture f;
      f.make();
      kind.apply(f.config.database);
      const std::string damaged = fileContent(f.config.database);
      leaveLog(f.config.database);
      const OpenReport report = f.pool.open(f.config);
      CHECK(report.recovery.action == RecoveryAction::Salvaged);
      const SalvageReport& salvage = report.recovery.salvage;
      CHECK(salvage.tables == 1);
      const std::int64_t rows = f.rows();
      CHECK(rows == static_cast<std::int64_t>(salvage.rowsKept));
      CHECK(rows > kRows / 3);
      if (rows < kRows) CHECK(salvage.gaps > 0);
      if (salvage.rowsLostAtMost) CHECK(rows + static_cast<std::int64_t>(*salvage.rowsLostAtMost) >= kRows);
      CHECK(f.pool.queryValue<int>("SELECT count(*) FROM item WHERE substr(name, 1, 6) <> printf('%06d', id)") == 0);
      CHECK(f.pool.queryValue<std::string>("SELECT name FROM sqlite_schema WHERE type = 'index'") == "by_name");
      CHECK(f.pool.queryValue<int>("PRAGMA user_version") == 3);
      CHECK(fileContent(f.quarantined()) == damaged);
      CHECK(f.pool.verify(VerifyDepth::Full).isSound());
      CHECK(f.logger->contains("rows kept"));
    }
  }

  TEST_CASE("an index that cannot be read costs no row") {
    StartUpFixture f;
    f.make();
    structuralDamage().back().apply(f.config.database);
    leaveLog(f.config.database);
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.recovery.salvage.gaps == 0);
    CHECK(report.recovery.salvage.rowsLostAtMost == 0U);
    CHECK(f.rows() == kRows);
  }

  TEST_CASE("what nothing can be read of is refused and left as it is") {
    for (const Damage& kind : totalDamage()) {
      CAPTURE(kind.name);
      StartUpFixture f;
      f.make();
      kind.apply(f.config.database);
      const std::string damaged = fileContent(f.config.database);
      const auto error = errorOf([&] { f.open(); });
      REQUIRE(error.has_value());
      CHECK((error->code() == ErrorCode::NotADatabase || error->code() == ErrorCode::Corrupt));
      CHECK(fileContent(f.config.database) == damaged);
      CHECK_FALSE(fs::exists(f.quarantined()));
      CHECK_FALSE(fs::exists(f.config.database + ".restoring"));
      CHECK_FALSE(f.pool.isOpen());
    }
  }

  TEST_CASE("a database that was closed and that the first handle cannot read is looked into") {
    const auto spoilSchema = [](const std::string& path) { overwrite(path, 100, std::string(2000, '\x5a')); };
    {
      StartUpFixture f;
      f.makeWithBackup();
      spoilSchema(f.config.database);
      const OpenReport report = f.pool.open(f.config);
      CHECK(report.recovery.cause == RecoveryCause::Damaged);
      CHECK(report.recovery.action == RecoveryAction::Restored);
      CHECK(f.pool.storageState() == StorageState::Ok);
      CHECK(f.rows() == kRows);
      f.pool.run("INSERT INTO item(name) VALUES ('goes on')");
      REQUIRE(f.pool.checkHealth().recovery.has_value());
    }
    StartUpFixture f;
    f.make();
    spoilSchema(f.config.database);
    const std::string damaged = fileContent(f.config.database);
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::Corrupt);
    CHECK(fileContent(f.config.database) == damaged);
  }

  TEST_CASE("indexes that do not match their tables are built anew and nothing else is touched") {
    StartUpFixture f;
    f.makeWithBackup();
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
    f.config.checkAtOpen = OpenCheck::Always;
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.recovery.cause == RecoveryCause::IndexesDamaged);
    CHECK(report.recovery.action == RecoveryAction::Reindexed);
    CHECK(report.recovery.quarantined.empty());
    CHECK(f.rows() == kRows + 2);
    CHECK(f.pool.verify(VerifyDepth::Full).isSound());
    CHECK(f.pool.metrics().recoveryTook[static_cast<std::size_t>(RecoveryCause::IndexesDamaged)].count() > 0);
  }

  TEST_CASE("the log of another database beside this one is left out or replaced with it") {
    StartUpFixture other;
    other.openWithRows(0);
    other.pool.close();
    {
      // Its log has newer pages of another content.
      RawSqlite raw(other.config.database);
      raw.run("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0");
      sqlite3_db_config(raw.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
      raw.run("CREATE TABLE foreign_table(a)");
      raw.run(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
          "INSERT INTO foreign_table SELECT hex(zeroblob(500)) FROM n");
    }
    const std::string log = fileContent(other.config.database + "-wal");
    REQUIRE(log.size() > 10'000);
    for (const bool withBackup : {true, false}) {
      CAPTURE(withBackup);
      StartUpFixture f;
      withBackup ? f.makeWithBackup() : f.make();
      writeFile(f.config.database + "-wal", log);
      const OpenReport report = f.pool.open(f.config);
      CHECK(report.recovery.cause == RecoveryCause::Damaged);
      CHECK(report.recovery.action == (withBackup ? RecoveryAction::Restored : RecoveryAction::Salvaged));
      CHECK(f.rows() == kRows);
      CHECK(f.pool.queryValue<int>("SELECT count(*) FROM sqlite_schema WHERE name = 'foreign_table'") == 0);
      CHECK(fileContent(f.quarantined() + "-wal") == log);
    }
  }

  TEST_CASE("with repairAtOpen off everything is left as it is") {
    StartUpFixture f;
    f.makeWithBackup();
    replacePage(f.config.database, 20, std::string(kPageBytes, '\0'));
    const std::string damaged = fileContent(f.config.database);
    leaveLog(f.config.database);
    f.config.repairAtOpen = false;
    f.config.readDamaged = false;
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::Corrupt);
    CHECK(fileContent(f.config.database) == damaged);
    CHECK(fs::exists(f.config.database + "-wal"));
    fs::remove(f.config.database);
    fs::remove(f.config.database + "-wal");
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::CannotOpen);
  }

  TEST_CASE("a damaged database that another process has open is not taken away from it") {
    StartUpFixture f;
    f.makeWithBackup();
    replacePage(f.config.database, 20, std::string(kPageBytes, '\0'));
    const std::string damaged = fileContent(f.config.database);
    leaveLog(f.config.database);
    f.config.checkAtOpen = OpenCheck::Always;
    {
      RawSqlite other(f.config.database);
      other.integer("SELECT count(*) FROM sqlite_schema");
      const auto error = errorOf([&] { f.open(); });
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::Busy);
      CHECK(contains(error->what(), "another process"));
      CHECK_FALSE(fs::exists(f.quarantined()));
    }
    leaveLog(f.config.database);
    CHECK(f.pool.open(f.config).recovery.action == RecoveryAction::Restored);
    CHECK(fileContent(f.quarantined()) == damaged);
  }
}
