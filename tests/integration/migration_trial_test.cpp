// Migrations that have to prove themselves, and what becomes of those that do not.

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "integration/migration_fixture.hpp"
#include "support/damage.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

namespace {

struct TrialFixture : MigrationFixture {
  static Migrations onTrial(int version, int starts = 2) {
    Migrations list = upTo(version);
    list.trial.starts = starts;
    return list;
  }
  /// A start that ends without close(), as by an exception.
  OpenReport failedStart(const Migrations& migrations, const char* writes = nullptr) {
    ConnectionConfig own = config;
    own.migrations = makeMigrator(migrations);
    ConnectionPool crashing;
    crashing.subscribe([log = events](const Event& event) { (*log)(event); });
    OpenReport report = crashing.open(own);
    if (writes != nullptr) crashing.run(Sql::unchecked(writes));
    return report;
  }
  std::string undone(int number = 1) const { return config.database + ".undone-" + std::to_string(number); }
};

}  // namespace

TEST_SUITE("integration/migration_trial") {
  TEST_CASE("a start that ends with close() confirms a migration") {
    TrialFixture f;
    f.make(1);
    const OpenReport report = f.openWith(TrialFixture::onTrial(2));
    REQUIRE(report.migrated.trial.has_value());
    CHECK(report.migrated.trial->from == 1);
    CHECK(report.migrated.trial->to == 2);
    CHECK(report.migrated.trial->starts == 2);
    CHECK(report.migrated.trial->begun == 1);
    CHECK(report.migrated.trial->healthy == 0);
    CHECK(report.migrated.trial->backup == f.backupPath());
    CHECK(f.pool.migrationStatus().trial.has_value());
    f.pool.close();
    CHECK(f.events->count(EventKind::MigrationConfirmed) == 1);
    CHECK_FALSE(f.pool.open(f.config).migrated.trial.has_value());
    CHECK(fs::exists(f.backupPath()));
  }

  TEST_CASE("several healthy starts may be asked for") {
    TrialFixture f;
    f.make(1);
    Migrations list = TrialFixture::onTrial(2);
    list.trial.healthyStarts = 2;
    f.openWith(list);
    f.pool.close();
    CHECK(f.events->count(EventKind::MigrationConfirmed) == 0);
    const OpenReport second = f.pool.open(f.config);
    REQUIRE(second.migrated.trial.has_value());
    CHECK(second.migrated.trial->begun == 2);
    CHECK(second.migrated.trial->healthy == 1);
    f.pool.close();
    CHECK(f.events->count(EventKind::MigrationConfirmed) == 1);
  }

  TEST_CASE("being open for long enough is healthy, and is counted once") {
    TrialFixture f;
    f.make(1);
    Migrations list = TrialFixture::onTrial(2);
    list.trial.healthyStarts = 2;
    f.openWith(list);
    f.clock->advance(9min);
    f.pool.tick();
    CHECK(f.pool.migrationStatus().trial->healthy == 0);
    f.clock->advance(1min);
    f.pool.tick();
    CHECK(f.pool.migrationStatus().trial->healthy == 1);
    f.clock->advance(1h);
    f.pool.tick();
    f.pool.close();
    CHECK(f.pool.open(f.config).migrated.trial->healthy == 1);
  }

  TEST_CASE("the application's word confirms it at once") {
    TrialFixture f;
    f.make(1);
    Migrations list = TrialFixture::onTrial(2);
    list.trial.healthyStarts = 0;
    f.openWith(list);
    CHECK(f.pool.confirmMigration());
    CHECK_FALSE(f.pool.confirmMigration());
    REQUIRE(f.events->count(EventKind::MigrationConfirmed) == 1);
    CHECK_FALSE(f.pool.migrationStatus().trial.has_value());
    f.pool.close();
    for (int start = 0; start < 4; ++start) f.failedStart(list);
    CHECK(f.failedStart(list).migrated.to == 2);
  }

  TEST_CASE("without healthy starts only that word does") {
    TrialFixture f;
    f.make(1);
    Migrations list = TrialFixture::onTrial(2, 3);
    list.trial.healthyStarts = 0;
    for (int start = 0; start < 5; ++start) {
      f.openWith(list);
      f.pool.close();
    }
    CHECK(f.pool.open(f.config).migrated.trial->healthy == 5);
  }

  TEST_CASE("what does not prove itself is undone from its backup, and what was written since is kept") {
    TrialFixture f;
    f.make(1);
    const Migrations list = TrialFixture::onTrial(2);
    CHECK(f.failedStart(list, "INSERT INTO item(name, unit) VALUES ('since', 'K')").migrated.trial->begun == 1);
    CHECK(f.failedStart(list).migrated.trial->begun == 2);
    const auto error = errorOf([&] { f.failedStart(list); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::SchemaVersion);
    CHECK(contains(error->what(), "release \"r2\" did not prove itself"));
    CHECK(contains(error->what(), f.undone()));
    REQUIRE(f.events->count(EventKind::MigrationUndone) == 1);
    CHECK(RawSqlite(f.undone()).text("SELECT group_concat(name) FROM item") == "a,b,since");
    CHECK(codeOf([&] { f.failedStart(list); }) == ErrorCode::SchemaVersion);  // Also later.
    CHECK_FALSE(fs::exists(f.undone(2)));
    // The release before it goes on, and is told.
    const OpenReport before = f.openWith(MigrationFixture::upTo(1));
    REQUIRE(before.migrated.undone.has_value());
    CHECK_FALSE(before.migrated.undoneNow);
    CHECK(before.migrated.undone->undone == 2);
    CHECK(before.migrated.undone->restored == 1);
    CHECK(before.migrated.undone->release == "r2");
    CHECK(before.migrated.undone->kept == f.undone());
    CHECK(before.migrated.to == 1);
    CHECK(f.names() == "a b");
    f.pool.close();
    // One after it tries again.
    Migrations better = TrialFixture::onTrial(2);
    better.release = "r2b";
    const OpenReport again = f.openWith(better);
    CHECK(again.migrated.to == 2);
    CHECK_FALSE(again.migrated.undone.has_value());
    CHECK(again.migrated.trial->begun == 1);
  }

  TEST_CASE("the first start of an older program that may not write undoes it at once") {
    TrialFixture f;
    f.make(2);
    f.failedStart(TrialFixture::onTrial(3), "INSERT INTO item(label) VALUES ('since')");
    const OpenReport report = f.openWith(MigrationFixture::upTo(2));
    CHECK(report.migrated.undoneNow);
    CHECK(report.migrated.undone->undone == 3);
    CHECK(report.migrated.access == SchemaAccess::ReadWrite);
    CHECK(report.migrated.to == 2);
    REQUIRE(report.warnings.size() == 1);
    CHECK(contains(report.warnings[0], f.undone()));
    f.pool.run("INSERT INTO item(name) VALUES ('c')");
    CHECK(f.names() == "a b c");
    CHECK(f.isSound());
  }

  TEST_CASE("one that may write leaves it to the newer one") {
    TrialFixture f;
    f.make(1);
    f.failedStart(TrialFixture::onTrial(2));
    for (int start = 0; start < 3; ++start) {
      const OpenReport report = f.openWith(MigrationFixture::upTo(1));
      CHECK(report.migrated.to == 2);
      CHECK_FALSE(f.pool.confirmMigration());
      f.pool.close();
    }
    const OpenReport newer = f.openWith(TrialFixture::onTrial(2));
    CHECK(newer.migrated.trial->begun == 2);
  }

  TEST_CASE("scheduled backups of what was undone do not stand in the way of the older ones") {
    TrialFixture f;
    f.make(2);
    const std::string scheduled = f.directory.file("backup.db");
    f.config.backup.path = scheduled;
    f.openWith(MigrationFixture::upTo(2));
    f.pool.backup(scheduled);
    f.pool.close();
    {
      ConnectionConfig own = f.config;
      own.migrations = makeMigrator(TrialFixture::onTrial(3));
      ConnectionPool crashing(own);
      crashing.backup(scheduled);
    }
    REQUIRE(f.schemaOf(scheduled) == 3);
    writeFile(scheduled + ".2", "no database");
    f.openWith(MigrationFixture::upTo(2));
    CHECK(f.schemaOf(scheduled + ".undone-1") == 3);
    CHECK(f.schemaOf(scheduled + ".1") == 2);
    CHECK_FALSE(fs::exists(scheduled));
    CHECK(fs::exists(scheduled + ".2"));
    f.pool.backup(scheduled);
    CHECK(f.schemaOf(scheduled) == 2);
  }

  TEST_CASE("where the backup is of no use the migration stays, and its trial goes on") {
    for (const bool missing : {true, false}) {
      CAPTURE(missing);
      TrialFixture f;
      f.make(1);
      const Migrations list = TrialFixture::onTrial(2, 1);
      f.failedStart(list);
      missing ? static_cast<void>(fs::remove(f.backupPath())) : writeFile(f.backupPath(), std::string(5000, 'x'));
      const OpenReport report = f.openWith(list);
      CHECK_FALSE(report.migrated.undoneNow);
      REQUIRE(report.warnings.size() == 1);
      CHECK(contains(report.warnings[0], "cannot be undone and stays"));
      CHECK(report.migrated.to == 2);
      REQUIRE(report.migrated.trial.has_value());
      CHECK(report.migrated.trial->begun == 2);
      CHECK_FALSE(fs::exists(f.undone()));
      CHECK_FALSE(fs::exists(f.config.database + ".restoring"));
    }
  }

  TEST_CASE("an older program cannot help itself then") {
    TrialFixture f;
    f.make(1);
    f.failedStart(TrialFixture::onTrial(3));
    fs::remove(f.backupPath());
    CHECK(codeOf([&] { f.openWith(MigrationFixture::upTo(1)); }) == ErrorCode::SchemaVersion);
    CHECK(f.openWith(TrialFixture::onTrial(3)).migrated.trial.has_value());
  }

  TEST_CASE("what another process has open is not replaced") {
    TrialFixture f;
    f.make(1);
    const Migrations list = TrialFixture::onTrial(2, 1);
    f.failedStart(list);
    RawSqlite other(f.config.database);
    other.integer("SELECT count(*) FROM item");
    const auto error = errorOf([&] { f.failedStart(list); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Busy);
    CHECK_FALSE(fs::exists(f.config.database + ".earlier"));
    CHECK(f.schemaOf(f.config.database) == 2);
  }

  TEST_CASE("a further migration during a trial goes back to where that began") {
    TrialFixture f;
    f.make(1);
    f.failedStart(TrialFixture::onTrial(2));
    const OpenReport report = f.failedStart(TrialFixture::onTrial(3));
    CHECK(report.migrated.from == 2);
    CHECK(report.migrated.backup.empty());
    CHECK(report.migrated.trial->from == 1);
    CHECK(report.migrated.trial->to == 3);
    CHECK(report.migrated.trial->begun == 1);
    const OpenReport back = f.openWith(MigrationFixture::upTo(1));
    CHECK(back.migrated.undoneNow);
    CHECK(back.migrated.to == 1);
    f.pool.close();
    // The release between them was not undone.
    CHECK(f.openWith(TrialFixture::onTrial(2)).migrated.to == 2);
  }

  TEST_CASE("one that was asked for is on trial as well") {
    TrialFixture f;
    f.make(1);
    Migrations list = TrialFixture::onTrial(2);
    list.when = MigrateWhen::Asked;
    f.openWith(list);
    REQUIRE(f.pool.migrate().trial.has_value());
    f.pool.close();
    CHECK(f.events->count(EventKind::MigrationConfirmed) == 1);
  }

  TEST_CASE("a database of which nothing could be put back has no trial") {
    TrialFixture f;
    CHECK_FALSE(f.openWith(TrialFixture::onTrial(3)).migrated.trial.has_value());
  }

  TEST_CASE("an undoing that was cut short is carried on, and told of") {
    TrialFixture f;
    f.make(1);
    const Migrations list = TrialFixture::onTrial(3, 1);
    f.failedStart(list);
    CHECK(codeOf([&] { f.failedStart(list); }) == ErrorCode::SchemaVersion);
    // As the power may have left it.
    fs::rename(f.config.database, f.config.database + ".earlier");
    const OpenReport report = f.openWith(MigrationFixture::upTo(1));
    CHECK(report.migrated.undoneNow);
    CHECK(report.migrated.undone->kept == f.undone());
    CHECK(report.recovery.cause == RecoveryCause::None);
    f.pool.close();
    // Of one that was cut short before it replaced anything nothing is left.
    writeFile(f.config.database + ".earlier", "x");
    f.open();
    CHECK_FALSE(fs::exists(f.config.database + ".earlier"));
  }

  TEST_CASE("a healthy start that cannot be counted is tried again") {
    TrialFixture f;
    f.make(1);
    f.config.acquireTimeout = 0ms;
    f.openWith(TrialFixture::onTrial(2));
    f.clock->advance(1h);
    {
      const PooledConnection lease = f.pool.acquire();
      f.pool.tick();
      CHECK(f.logger->contains("a healthy start could not be counted"));
    }
    f.pool.tick();
    CHECK(f.events->count(EventKind::MigrationConfirmed) == 1);
  }
}
