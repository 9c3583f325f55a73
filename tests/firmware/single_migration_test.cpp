// Migrations where there are no backups, or no threads.

#include <doctest/doctest.h>

#include <utility>

#include <holdfast/connection_pool.hpp>
#include <holdfast/migration.hpp>

#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

Migrations firmware(int version) {
  Migrations list;
  list.steps = {{.version = 1, .sql = {"CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)"}},
                {.version = 2, .sql = {"ALTER TABLE item ADD COLUMN unit TEXT"}, .oldestReader = 1},
                {.version = 3, .sql = {"ALTER TABLE item RENAME COLUMN name TO label"}}};
  list.steps.resize(static_cast<std::size_t>(version));
  list.backup = false;
  return list;
}

void openWith(PoolFixture& f, Migrations list) {
  f.config.migrations = makeMigrator(std::move(list));
  f.open();
}

}  // namespace

TEST_SUITE("firmware/single_migration") {
  TEST_CASE("migrations are applied, tried out and on record without a backup") {
    PoolFixture f;
    openWith(f, firmware(1));
    f.pool.run("INSERT INTO item(name) VALUES ('a')");
    f.pool.close();
    Migrations two = firmware(2);
    two.when = MigrateWhen::Asked;
    openWith(f, two);
    CHECK(f.pool.migrate({.dryRun = true}).steps.size() == 1);
    CHECK(f.pool.migrationStatus().contract.version == 1);
    CHECK(f.pool.migrate().to == 2);
    f.pool.close();
    openWith(f, firmware(2));
    CHECK(f.pool.migrationStatus().applied.size() == 2);
    CHECK_FALSE(f.pool.confirmMigration());
    CHECK(f.rows() == 1);
  }

  TEST_CASE("the contract holds") {
    PoolFixture f;
    openWith(f, firmware(2));
    f.pool.close();
    openWith(f, firmware(1));
    CHECK(codeOf([&] { f.pool.run("DELETE FROM item"); }) == ErrorCode::ReadOnly);
    CHECK(f.rows() == 0);
    f.pool.close();
    openWith(f, firmware(3));
    f.pool.close();
    CHECK(codeOf([&] { openWith(f, firmware(2)); }) == ErrorCode::SchemaVersion);
    f.config.migrations = nullptr;
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::SchemaVersion);
  }

#if defined(HOLDFAST_TEST_ON_DEVICE)
  TEST_CASE("a backup that cannot be made is asked for in vain") {
    PoolFixture f;
    openWith(f, firmware(1));
    f.pool.close();
    Migrations two = firmware(2);
    two.backup = true;
    const auto error = errorOf([&] { openWith(f, two); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Unsupported);
    CHECK(contains(error->what(), "Migrations::backup"));
  }
#endif
}
