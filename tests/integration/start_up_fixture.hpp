#pragma once

#include <string>

#include <holdfast/holdfast.hpp>

#include "storage/quarantine.hpp"
#include "support/damage.hpp"
#include "support/pool_fixture.hpp"

namespace holdfast::test {

inline constexpr int kRows = 1000;

struct StartUpFixture : PoolFixture {
  StartUpFixture() { backup = directory.file("backup.db"); }

  /// A closed database of about 100 pages, with an index.
  void make() {
    openWithRows(0);
    pool.run("PRAGMA user_version=3");
    pool.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "INSERT INTO item(name) SELECT printf('%06d', i) || hex(zeroblob(90)) FROM n",
        kRows);
    pool.run("CREATE INDEX by_name ON item(name)");  // Its pages come last.
    pool.close();
  }
  /// The same with a backup, and one row more that the backup has not.
  void makeWithBackup() {
    make();
    config.backup.path = backup;
    open();
    pool.backup(backup);
    pool.run("INSERT INTO item(name) VALUES ('after the backup')");
    pool.close();
  }
  std::string quarantined(int number = 1) const { return Quarantine::nameOf(config.database, number); }
  std::string backup;
};

}  // namespace holdfast::test
