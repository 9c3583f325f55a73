#pragma once

#include <string>
#include <utility>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

namespace holdfast::test {

struct MigrationFixture : PoolFixture {
  explicit MigrationFixture(std::size_t poolSize = 4) : PoolFixture(poolSize) {}

  /// item(id, name); then with a unit, which older programs can live with; then with `name` called `label`, which they
  /// cannot, but for reading.
  static std::vector<Migration> steps(int version) {
    std::vector<Migration> all{
        {.version = 1, .name = "items", .sql = {"CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT NOT NULL)"}},
        {.version = 2,
         .name = "units",
         .sql = {"ALTER TABLE item ADD COLUMN unit TEXT", "UPDATE item SET unit = 'C'"},
         .oldestWriter = 1},
        {.version = 3, .name = "labels", .sql = {"ALTER TABLE item RENAME COLUMN name TO label"}, .oldestReader = 2}};
    all.resize(static_cast<std::size_t>(version));
    return all;
  }
  /// As the program of that version brings them; its release is "r" and the version.
  static Migrations upTo(int version) { return {.steps = steps(version), .release = "r" + std::to_string(version)}; }

  OpenReport openWith(Migrations migrations) {
    config.migrations = makeMigrator(std::move(migrations));
    return pool.open(config);
  }
  /// A closed database of that version, with two rows.
  void make(int version) {
    openWith(upTo(version));
    pool.run("INSERT INTO item(id) SELECT 1 WHERE 0");
    pool.run(version < 3 ? Sql("INSERT INTO item(name) VALUES ('a'), ('b')")
                         : Sql("INSERT INTO item(label) VALUES ('a'), ('b')"));
    pool.close();
    events->clear();
  }
  int schemaOf(const std::string& path) const {
    return static_cast<int>(RawSqlite(path).integer("PRAGMA user_version"));
  }
  std::string backupPath() const { return config.database + ".before-migration"; }
};

}  // namespace holdfast::test
