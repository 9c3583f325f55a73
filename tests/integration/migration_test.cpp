// Migrations as a program has them carried out: at open() and when asked.

#include <doctest/doctest.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "integration/migration_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

TEST_SUITE("integration/migration") {
  TEST_CASE("a new database gets all migrations, in their order and on record") {
    MigrationFixture f;
    const OpenReport report = f.openWith(MigrationFixture::upTo(3));
    CHECK(report.migrated.from == 0);
    CHECK(report.migrated.to == 3);
    REQUIRE(report.migrated.steps.size() == 3);
    CHECK(report.migrated.steps[1].name == "units");
    CHECK(report.migrated.steps[1].took.count() > 0);
    CHECK(report.migrated.took >= report.migrated.steps[1].took);
    CHECK(report.migrated.backup.empty());  // There was nothing.
    CHECK_FALSE(fs::exists(f.backupPath()));
    CHECK(f.events->count(EventKind::Migrated) == 3);
    CHECK(contains(f.events->of(EventKind::Migrated)[1].detail, "version 2 (units)"));
    CHECK(f.pool.metrics().migrations == 3);
    f.pool.run("INSERT INTO item(label, unit) VALUES ('x', 'K')");
    const MigrationStatus status = f.pool.migrationStatus();
    CHECK(status.contract.version == 3);
    CHECK(status.contract.oldestWriter == 3);
    CHECK(status.contract.oldestReader == 2);
    CHECK(status.programVersion == 3);
    CHECK(status.access == SchemaAccess::ReadWrite);
    REQUIRE(status.applied.size() == 3);
    CHECK(status.applied[2].name == "labels");
    CHECK(status.applied[2].release == "r3");
    CHECK(status.pending.empty());
    CHECK_FALSE(status.trial.has_value());
    CHECK_FALSE(status.undone.has_value());
    f.pool.close();
    CHECK(f.schemaOf(f.config.database) == 3);
  }

  TEST_CASE("an existing one gets what it has not had, after a backup") {
    MigrationFixture f;
    f.make(1);
    const OpenReport report = f.openWith(MigrationFixture::upTo(3));
    CHECK(report.migrated.from == 1);
    CHECK(report.migrated.steps.size() == 2);
    CHECK(report.migrated.backup == f.backupPath());
    CHECK(f.events->count(EventKind::BackupMade) == 1);
    CHECK(f.pool.queryValue<std::string>("SELECT group_concat(label || unit) FROM item") == "aC,bC");
    CHECK(RawSqlite(f.backupPath()).text("SELECT group_concat(name) FROM item") == "a,b");
    CHECK(f.schemaOf(f.backupPath()) == 1);
    f.pool.close();
    f.events->clear();
    const OpenReport again = f.pool.open(f.config);
    CHECK(again.migrated.from == 3);
    CHECK(again.migrated.to == 3);
    CHECK(again.migrated.steps.empty());
    CHECK(again.migrated.backup.empty());
    CHECK(f.events->count(EventKind::Migrated) == 0);
    CHECK(f.pool.metrics().transactionsCommitted == 0);
    CHECK(f.pool.metrics().totalQueries == 4);
  }

  TEST_CASE("a backup goes where it is asked to, or is left out") {
    MigrationFixture f;
    f.make(1);
    Migrations two = MigrationFixture::upTo(2);
    two.backupPath = f.directory.file("elsewhere.db");
    CHECK(f.openWith(two).migrated.backup == two.backupPath);
    f.pool.close();
    Migrations three = MigrationFixture::upTo(3);
    three.backup = false;
    CHECK(f.openWith(three).migrated.backup.empty());
    CHECK_FALSE(fs::exists(f.backupPath()));
  }

  TEST_CASE("without a backup that was asked for nothing is migrated") {
    MigrationFixture f;
    f.make(1);
    Migrations two = MigrationFixture::upTo(2);
    two.backupPath = f.directory.file("missing/backup.db");
    const auto error = errorOf([&] { f.openWith(two); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::CannotOpen);
    CHECK(contains(error->what(), "backup before the migration"));
    two.backupPath = f.directory.file("");
    CHECK(codeOf([&] { f.openWith(two); }) == ErrorCode::InvalidArgument);
    CHECK_FALSE(f.pool.isOpen());
    CHECK(f.schemaOf(f.config.database) == 1);
  }

  TEST_CASE("where there are none, opening asks nothing of a database") {
    MigrationFixture f;
    f.open();
    CHECK(f.pool.metrics().totalQueries == 0);
    f.pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY)");
    f.reopen();
    CHECK(f.pool.metrics().totalQueries == 0);
    f.pool.run("PRAGMA user_version=4");
    f.reopen();
    CHECK(f.pool.metrics().totalQueries == 1);  // Whether it has a record of migrations.
    const MigrationStatus status = f.pool.migrationStatus();
    CHECK(status.contract.version == 0);
    CHECK(status.programVersion == 0);
    CHECK(status.access == SchemaAccess::ReadWrite);
    // Behind a log the header may be of yesterday.
    f.pool.close();
    RawSqlite other(f.config.database);
    other.run("INSERT INTO item VALUES (1)");
    f.open();
    CHECK(f.pool.metrics().totalQueries >= 1);
  }

  TEST_CASE("a migration that fails leaves nothing of itself, and those before it stay") {
    MigrationFixture f;
    f.make(1);
    Migrations bad = MigrationFixture::upTo(2);
    bad.steps.push_back(
        {.version = 3, .name = "bad", .sql = {"CREATE TABLE more(x)", "INSERT INTO nowhere VALUES (1)"}});
    const auto error = errorOf([&] { f.openWith(bad); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::InvalidSql);
    CHECK(contains(error->what(), "migration 3 (bad)"));
    CHECK_FALSE(f.pool.isOpen());
    CHECK(f.events->count(EventKind::Migrated) == 1);
    CHECK(f.schemaOf(f.config.database) == 2);
    CHECK(RawSqlite(f.config.database).integer("SELECT count(*) FROM sqlite_schema WHERE name = 'more'") == 0);
    CHECK(f.openWith(MigrationFixture::upTo(3)).migrated.steps.size() == 1);
  }

  TEST_CASE("work of the program's own is in the same transaction") {
    MigrationFixture f;
    f.make(1);
    Migrations list = MigrationFixture::upTo(1);
    int runs = 0;
    list.steps.push_back(
        {.version = 2, .sql = {"ALTER TABLE item ADD COLUMN size INTEGER"}, .work = [&](Transaction& tx) {
           for (const Row& row : tx.query("SELECT id, name FROM item")) {
             tx.run("UPDATE item SET size = ? WHERE id = ?", static_cast<std::int64_t>(row.get<std::string>(1).size()),
                    row.get<std::int64_t>(0));
           }
           if (++runs == 1) throw std::runtime_error("not today");
           tx.commit();  // Its part of it alone.
           if (runs == 2) throw Error(ErrorCode::InvalidArgument, "nor tomorrow");
         }});
    CHECK_THROWS_WITH_AS(f.openWith(list), "not today", std::runtime_error);
    const auto error = errorOf([&] { f.openWith(list); });
    REQUIRE(error.has_value());
    CHECK(contains(error->what(), "nor tomorrow: migration 2; in open"));
    CHECK(f.schemaOf(f.config.database) == 1);
    CHECK(f.openWith(list).migrated.to == 2);
    CHECK(f.pool.queryValue<int>("SELECT sum(size) FROM item") == 2);
  }

  TEST_CASE("what a migration leaves on the handle goes with it") {
    MigrationFixture f;
    Migrations list;
    list.steps.push_back({.version = 1, .sql = {"CREATE TEMP TABLE scratch(x)", "CREATE TABLE kept(x)"}});
    f.openWith(list);
    CHECK(f.events->count(EventKind::ConnectionDestroyed) == 1);
    CHECK(codeOf([&] { f.pool.run("INSERT INTO scratch VALUES (1)"); }) == ErrorCode::InvalidSql);
    f.pool.run("INSERT INTO kept VALUES (1)");
  }

  TEST_CASE("what SQL must not do it must not do in a migration either") {
    MigrationFixture f;
    for (const char* sql : {"ATTACH 'x.db' AS x", "COMMIT", "PRAGMA journal_mode=DELETE"}) {
      Migrations list;
      list.steps.push_back({.version = 1, .sql = {Sql::unchecked(sql)}});
      CAPTURE(sql);
      CHECK(codeOf([&] { f.openWith(list); }) == ErrorCode::Denied);
    }
  }

  TEST_CASE("a text that was changed, and a record that has a hole, are refused") {
    MigrationFixture f;
    f.make(2);
    Migrations changed = MigrationFixture::upTo(2);
    changed.steps[0].sql = {"CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)"};
    auto error = errorOf([&] { f.openWith(changed); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::SchemaVersion);
    CHECK(contains(error->what(), "migration 1 (items)"));
    RawSqlite(f.config.database).run("DELETE FROM holdfast_migration WHERE version = 1");
    error = errorOf([&] { f.openWith(MigrationFixture::upTo(2)); });
    REQUIRE(error.has_value());
    CHECK(contains(error->what(), "no entry of version 1"));
    CHECK(codeOf([] { makeMigrator({.steps = {{.version = 2, .sql = {"SELECT 1"}}}}); }) == ErrorCode::InvalidConfig);
  }

  TEST_CASE("versions that the application counted itself are taken over when it says so") {
    MigrationFixture f;
    f.openWithRows(1);
    f.pool.run("PRAGMA user_version=1");
    f.pool.close();
    auto error = errorOf([&] { f.openWith(MigrationFixture::upTo(2)); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::SchemaVersion);
    CHECK(contains(error->what(), "adoptUserVersion"));
    Migrations adopting = MigrationFixture::upTo(2);
    adopting.adoptUserVersion = true;
    const OpenReport report = f.openWith(adopting);
    CHECK(report.migrated.from == 1);
    CHECK(report.migrated.to == 2);
    CHECK(f.pool.migrationStatus().applied.size() == 2);
    f.pool.close();
    {
      RawSqlite other(f.config.database);
      other.run("DROP TABLE holdfast_migration; PRAGMA user_version=9");
    }
    error = errorOf([&] { f.openWith(adopting); });
    REQUIRE(error.has_value());
    CHECK(contains(error->what(), "end at 2"));
  }

  TEST_CASE("a table is rebuilt without the rows that name its own, and is checked") {
    MigrationFixture f;
    Migrations list;
    list.steps = {{.version = 1,
                   .sql = {"CREATE TABLE parent(id INTEGER PRIMARY KEY, name TEXT)",
                           "CREATE TABLE child(id INTEGER PRIMARY KEY, "
                           "parent INTEGER NOT NULL REFERENCES parent(id) ON DELETE CASCADE)",
                           "INSERT INTO parent VALUES (1, 'p')", "INSERT INTO child VALUES (1, 1), (2, 1)"}},
                  {.version = 2,
                   .name = "rebuilt",
                   .sql = {"CREATE TABLE fresh(id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
                           "INSERT INTO fresh SELECT id, name FROM parent", "DROP TABLE parent",
                           "ALTER TABLE fresh RENAME TO parent"}}};
    f.openWith(list);
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM child") == 2);
    CHECK(codeOf([&] { f.pool.run("INSERT INTO child VALUES (3, 7)"); }) == ErrorCode::Constraint);
    f.pool.close();
    list.steps.push_back({.version = 3, .name = "orphans", .sql = {"DELETE FROM parent"}});
    auto error = errorOf([&] { f.openWith(list); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Constraint);
    CHECK(contains(error->what(), "2 rows name none of another table, the first one of \"child\" none of \"parent\""));
    CHECK(contains(error->what(), "migration 3 (orphans)"));
    CHECK(RawSqlite(f.config.database).integer("SELECT count(*) FROM parent") == 1);
    // Who does not have them enforced does not have them checked.
    f.config.foreignKeys = false;
    CHECK(f.openWith(list).migrated.to == 3);
  }

  TEST_CASE("one that another process has carried out meanwhile is not repeated") {
    MigrationFixture f;
    Migrations list = MigrationFixture::upTo(1);
    list.steps[0].work = [](Transaction& tx) {
      tx.run(
          "INSERT INTO holdfast_migration(version, name, checksum, oldest_writer, oldest_reader, release, "
          "milliseconds) "
          "VALUES (2, '', 0, 0, 0, '', 0)");
    };
    list.steps.push_back(MigrationFixture::steps(2)[1]);
    const auto error = errorOf([&] { f.openWith(list); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Busy);
    CHECK(contains(error->what(), "another process migrates"));
  }

  TEST_CASE("asked for, migrations can be tried out first") {
    MigrationFixture f;
    f.make(1);
    Migrations list = MigrationFixture::upTo(3);
    list.when = MigrateWhen::Asked;
    const OpenReport opened = f.openWith(list);
    CHECK(opened.migrated.from == 1);
    CHECK(opened.migrated.to == 1);
    CHECK(opened.migrated.steps.empty());
    CHECK(f.pool.migrationStatus().pending == std::vector<int>{2, 3});
    const MigrationReport tried = f.pool.migrate({.dryRun = true});
    CHECK(tried.dryRun);
    CHECK(tried.from == 1);
    CHECK(tried.to == 3);
    REQUIRE(tried.steps.size() == 2);
    CHECK(tried.steps[1].took.count() > 0);
    CHECK(tried.backup.empty());
    CHECK(f.pool.migrationStatus().contract.version == 1);
    CHECK_FALSE(fs::exists(f.backupPath()));
    CHECK(f.events->count(EventKind::Migrated) == 0);
    CHECK(f.names() == "a b");
    const MigrationReport made = f.pool.migrate();
    CHECK_FALSE(made.dryRun);
    CHECK(made.steps.size() == 2);
    CHECK(made.backup == f.backupPath());
    CHECK(f.pool.queryValue<std::string>("SELECT group_concat(label) FROM item") == "a,b");
    CHECK(f.pool.migrate().steps.empty());
    CHECK(f.pool.migrate({.dryRun = true}).steps.empty());
  }

  TEST_CASE("a trial run that fails says why, and changes nothing") {
    MigrationFixture f;
    f.make(1);
    Migrations list = MigrationFixture::upTo(1);
    list.when = MigrateWhen::Asked;
    list.steps.push_back({.version = 2, .name = "bad", .sql = {"DROP TABLE item", "DROP TABLE item"}});
    f.openWith(list);
    const auto error = errorOf([&] { f.pool.migrate({.dryRun = true}); });
    REQUIRE(error.has_value());
    CHECK(contains(error->what(), "migration 2 (bad)"));
    CHECK(codeOf([&] { f.pool.migrate(); }) == ErrorCode::InvalidSql);
    CHECK(f.rows() == 2);
    f.pool.run("INSERT INTO item(name) VALUES ('c')");
  }

  TEST_CASE("who has no migrations, is in a transaction or is not open cannot migrate") {
    MigrationFixture f;
    CHECK(codeOf([&] { f.pool.migrate(); }) == ErrorCode::PoolClosed);
    f.open();
    CHECK(codeOf([&] { f.pool.migrate(); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { f.pool.confirmMigration(); }) == ErrorCode::Misuse);
    f.pool.close();
    Migrations list = MigrationFixture::upTo(2);
    list.when = MigrateWhen::Asked;
    std::optional<ErrorCode> inside;
    list.steps[1].work = [&](Transaction&) { inside = codeOf([&] { f.pool.run("DELETE FROM item"); }); };
    f.openWith(list);
    f.pool.transaction([&](Transaction&) { CHECK(codeOf([&] { f.pool.migrate(); }) == ErrorCode::Misuse); });
    f.pool.migrate();
    CHECK(inside == ErrorCode::Misuse);
  }

  TEST_CASE("durability is that of the configuration again afterwards") {
    MigrationFixture f;
    f.config.durability = Durability::Normal;
    f.openWith(MigrationFixture::upTo(2));
    CHECK(f.pool.acquire()->query("PRAGMA synchronous").front().get<int>(0) == 1);
    CHECK(f.pool.acquire()->query("PRAGMA foreign_keys").front().get<int>(0) == 1);
  }
}
