// What programs of other versions may do with a database.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "integration/migration_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

TEST_SUITE("integration/migration_contract") {
  TEST_CASE("an older program that can live with the newer schema writes it") {
    MigrationFixture f;
    f.make(2);
    const OpenReport report = f.openWith(MigrationFixture::upTo(1));
    CHECK(report.migrated.access == SchemaAccess::ReadWrite);
    CHECK(report.migrated.from == 2);
    CHECK(report.migrated.to == 2);
    CHECK(report.warnings.empty());
    f.pool.run("INSERT INTO item(name) VALUES ('old')");
    CHECK(f.pool.migrate().steps.empty());
    CHECK(f.pool.migrationStatus().pending.empty());
  }

  TEST_CASE("one that may only read it reads, and writes nothing by whatever way") {
    for (const std::size_t poolSize : {std::size_t{4}, std::size_t{1}}) {
      CAPTURE(poolSize);
      MigrationFixture f(poolSize);
      f.make(3);
      const OpenReport report = f.openWith(MigrationFixture::upTo(2));
      CHECK(report.migrated.access == SchemaAccess::ReadOnly);
      REQUIRE(report.warnings.size() == 1);
      CHECK(
          contains(report.warnings[0], "read-only: the database has schema version 3, which programs from version 2"));
      CHECK(f.rows() == 2);
      const auto refused = [&](auto&& write) {
        const auto error = errorOf(write);
        REQUIRE(error.has_value());
        CHECK(error->code() == ErrorCode::ReadOnly);
        CHECK(contains(error->what(), "from 3 on write; this one ends at 2"));
      };
      refused([&] { f.pool.run("DELETE FROM item"); });
      refused([&] { f.pool.run("DROP TABLE item"); });
      refused([&] { f.pool.transaction([](Transaction& tx) { tx.run("DELETE FROM item"); }); });
      refused([&] { f.pool.begin(); });
      refused([&] { f.pool.acquire()->run("DELETE FROM item"); });
      refused([&] { f.pool.migrate(); });
      auto posted = f.pool.post("DELETE FROM item");
      refused([&] {
        f.pool.flush();
        posted.get();
      });
      // The storage is well, and stays so.
      CHECK(f.pool.storageState() == StorageState::Ok);
      const HealthReport health = f.pool.checkHealth();
      CHECK_FALSE(health.writable);
      REQUIRE(health.problems.size() == 1);
      CHECK(contains(health.problems[0], "schema version 3"));
      // Handles that are opened later are no other.
      f.pool.acquire().discard();
      refused([&] { f.pool.run("DELETE FROM item"); });
      CHECK(f.rows() == 2);
      CHECK(f.pool.migrationStatus().access == SchemaAccess::ReadOnly);
      f.pool.close();
      CHECK(f.openWith(MigrationFixture::upTo(3)).migrated.access == SchemaAccess::ReadWrite);
      f.pool.run("DELETE FROM item");
    }
  }

  TEST_CASE("one that may not even read it is refused, and told what to do") {
    MigrationFixture f;
    f.make(3);
    const auto error = errorOf([&] { f.openWith(MigrationFixture::upTo(1)); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::SchemaVersion);
    CHECK(error->recovery() == Recovery::FixRequest);
    CHECK(contains(error->what(), "start the newer program"));
    CHECK_FALSE(f.pool.isOpen());
  }

  TEST_CASE("a program without migrations is one from before them all") {
    MigrationFixture f;
    f.make(1);
    f.config.migrations = nullptr;
    const auto error = errorOf([&] { f.open(); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::SchemaVersion);
    CHECK(contains(error->what(), "this one brings no migrations"));
    MigrationFixture free;
    Migrations list = MigrationFixture::upTo(1);
    list.steps[0].oldestWriter = 0;
    free.openWith(list);
    free.pool.close();
    free.config.migrations = nullptr;
    const OpenReport report = free.pool.open(free.config);
    CHECK(report.migrated.to == 1);
    CHECK(report.migrated.access == SchemaAccess::ReadWrite);
    free.pool.run("INSERT INTO item(name) VALUES ('x')");
    CHECK(free.pool.migrationStatus().contract.version == 1);
  }

  TEST_CASE("what stands in a log only is seen, too") {
    MigrationFixture f;
    f.make(1);
    RawSqlite other(f.config.database);
    other.run("INSERT INTO item(name) VALUES ('c')");  // Keeps the log where it is.
    REQUIRE(f.pool.open(f.config).recoveredLog);
    f.pool.close();
    other.run("UPDATE holdfast_migration SET oldest_writer = 0, oldest_reader = 0");
    f.config.migrations = nullptr;
    CHECK(f.pool.open(f.config).migrated.to == 1);
  }
}
