// Any texts as the migrations of a program, on a database with rows of an older one: what fails leaves the version and the rows
// as they were, a dry run changes nothing, and what was applied is not applied again.

#include <array>
#include <optional>
#include <string>

#include "fuzz/fuzz_world.hpp"
#include "support/temp_directory.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr int kRows = 5;
constexpr std::array kSteps{
    "ALTER TABLE item ADD COLUMN unit TEXT",
    "ALTER TABLE item RENAME TO thing",
    "DROP TABLE item",
    "CREATE INDEX item_name ON item(name)",
    "CREATE TABLE item2 AS SELECT * FROM item",
    "UPDATE item SET name = name || id",
    "CREATE TRIGGER t AFTER INSERT ON item BEGIN DELETE FROM item; END",
    "DELETE FROM item WHERE id = 3",
};

Migration anyMigration(FuzzedDataProvider& data, int version) {
  Migration migration;
  migration.version = data.ConsumeIntegralInRange(0, 15) == 0 ? data.ConsumeIntegral<int>() : version;
  migration.name = data.ConsumeRandomLengthString(20);
  const auto statements = data.ConsumeIntegralInRange<std::size_t>(0, 3);
  for (std::size_t i = 0; i < statements; ++i) {
    migration.sql.push_back(Sql::unchecked(data.ConsumeBool() ? std::string(data.PickValueInArray(kSteps))
                                                              : data.ConsumeRandomLengthString(200)));
  }
  if (data.ConsumeBool()) migration.oldestWriter = data.ConsumeIntegralInRange(-1, 4);
  if (data.ConsumeBool()) migration.oldestReader = data.ConsumeIntegralInRange(-1, 4);
  return migration;
}

struct Content {
  int version = 0;
  std::int64_t schema = 0;
  std::string objects;
  bool operator==(const Content&) const = default;
};

Content contentOf(ConnectionPool& pool) {
  return {pool.migrationStatus().contract.version, pool.queryValue<std::int64_t>("PRAGMA schema_version").value(),
          pool.queryValue<std::string>("SELECT group_concat(name) FROM sqlite_schema").value_or("")};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  const TempDirectory directory;
  ConnectionConfig config = fuzzConfig(directory.file("fuzz.db"));
  config.poolSize = 1;
  {
    ConnectionPool pool(config);
    pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
    for (int i = 0; i < kRows; ++i) pool.run("INSERT INTO item(name) VALUES ('name')");
    pool.close();
  }
  Migrations migrations;
  migrations.when = MigrateWhen::Asked;
  migrations.backup = data.ConsumeIntegralInRange(0, 7) == 0;
  migrations.release = data.ConsumeRandomLengthString(8);
  const int steps = data.ConsumeIntegralInRange(0, 3);
  for (int i = 1; i <= steps; ++i) migrations.steps.push_back(anyMigration(data, i));
  mayRefuse([&] {
    config.migrations = makeMigrator(migrations);
    ConnectionPool pool(config);
    const Content before = contentOf(pool);
    mayRefuse([&] { pool.migrate({.dryRun = true}); });
    require(contentOf(pool) == before, "a dry run has changed something");
    bool applied = false;
    mayRefuse([&] {
      pool.migrate();
      applied = true;
    });
    const Content after = contentOf(pool);
    if (applied) {
      require(after.version == steps, "what was applied is not on record");
      pool.migrate();
      require(contentOf(pool) == after, "what was applied was applied again");
    } else {
      require(after.version < steps, "what failed is on record");
      if (after.version == before.version) require(after == before, "what failed has left something behind");
      if (after == before) {
        require(pool.queryValue<int>("SELECT count(*) FROM item WHERE name = 'name'") == kRows, "rows have gone");
      }
    }
    require(pool.metrics().activeConnections == 0, "a handle is still out");
    pool.close();
  });
  return 0;
}
