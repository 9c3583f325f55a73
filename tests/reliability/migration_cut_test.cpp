// Power cuts while a database is migrated, and while that is undone: before or after, and nothing between.

#include <holdfast/testing/doctest.hpp>

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <holdfast/holdfast.hpp>

#include "support/no_logger.hpp"
#include "support/raw_sqlite.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace holdfast::testing;

namespace fs = std::filesystem;

namespace {

constexpr int kItems = 200;

/// The second step rebuilds a table that another one refers to; the third shuts older programs out.
Migrations programOf(int version, int starts) {
  Migrations list;
  list.steps = {
      {.version = 1,
       .sql = {"CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)",
               "CREATE TABLE part(id INTEGER PRIMARY KEY, item INTEGER REFERENCES item(id) ON DELETE CASCADE)"}},
      {.version = 2,
       .sql = {"CREATE TABLE fresh(id INTEGER PRIMARY KEY, name TEXT NOT NULL, size INTEGER)",
               "INSERT INTO fresh SELECT id, name, length(name) FROM item", "DROP TABLE item",
               "ALTER TABLE fresh RENAME TO item"}},
      {.version = 3, .sql = {"CREATE INDEX by_name ON item(name)", "UPDATE part SET item = 1"}}};
  list.steps.resize(static_cast<std::size_t>(version));
  list.release = std::to_string(version);
  list.trial.starts = starts;
  return list;
}

ConnectionConfig migrationConfig(const std::string& database, int version, int starts) {
  ConnectionConfig config;
  config.database = database;
  config.housekeeping = HousekeepingMode::Manual;
  config.memorySignals = false;
  config.logger = std::make_shared<NoLogger>();
  config.migrations = makeMigrator(programOf(version, starts));
  return config;
}

void startProgram(const std::string& database, int version, int starts) {
  ConnectionPool pool(migrationConfig(database, version, starts));
  pool.close();
}

void makeFirst(const std::string& database) {
  ConnectionPool pool(migrationConfig(database, 1, 0));
  pool.transaction([](Transaction& tx) {
    for (int i = 1; i <= kItems; ++i) {
      tx.run("INSERT INTO item(name) VALUES (printf('%06d', ?) || hex(zeroblob(40)))", i);
      tx.run("INSERT INTO part(item) VALUES (?)", i);
    }
  });
  pool.close();
}

/// What is wrong with a database of one of the three versions; nothing where it is all of one.
std::string halves(sqlite3* handle, std::int64_t version) {
  if (rawInteger(handle, "SELECT max(version) FROM holdfast_migration") != version)
    return "the record is of another version";
  if (rawInteger(handle, "SELECT count(*) FROM item") != kItems) return "items are missing";
  if (rawInteger(handle, "SELECT count(*) FROM part") != kItems) return "parts are missing";
  const bool rebuilt = rawInteger(handle, "SELECT count(*) FROM pragma_table_info('item') WHERE name = 'size'") == 1;
  if (rebuilt != (version >= 2)) return "the table is of another version";
  if (rawInteger(handle, "SELECT count(*) FROM sqlite_schema WHERE name = 'fresh'") != 0) return "a table is left over";
  const bool indexed = rawInteger(handle, "SELECT count(*) FROM sqlite_schema WHERE name = 'by_name'") == 1;
  const bool moved = rawInteger(handle, "SELECT count(*) FROM part WHERE item <> 1") == 0;
  if (indexed != (version == 3) || moved != (version == 3)) return "the third step is done by half";
  return {};
}

Scenario migratingScenario(bool restarts) {
  Scenario scenario;
  scenario.name = restarts ? "migrating" : "migratinghalf";
  scenario.setUp = makeFirst;
  const auto start = [](const std::string& database) { startProgram(database, 3, 100); };
  scenario.work = [start](Attempt& attempt) { start(attempt.database()); };
  if (restarts) scenario.restart = start;
  scenario.invariant = [restarts](sqlite3* handle) -> std::string {
    const std::int64_t version = rawInteger(handle, "PRAGMA user_version");
    if (restarts && version != 3) return "it has not come to its end";
    if (version == 1) return halves(handle, 1);
    // Whatever has been changed, the backup of before it is there.
    RawSqlite backup(std::string(sqlite3_db_filename(handle, "main")) + ".before-migration");
    if (const std::string wrong = halves(backup.handle(), 1); !wrong.empty()) return "the backup: " + wrong;
    return halves(handle, version);
  };
  return scenario;
}

Scenario undoingScenario() {
  Scenario scenario;
  scenario.name = "undoing";
  scenario.setUp = [](const std::string& database) {
    makeFirst(database);
    ConnectionPool crashing(migrationConfig(database, 3, 1));
    crashing.run("INSERT INTO item(name) VALUES ('since')");
  };
  // The boot loader goes back to the older program.
  const auto start = [](const std::string& database) { startProgram(database, 1, 0); };
  scenario.work = [start](Attempt& attempt) { start(attempt.database()); };
  scenario.restart = start;
  scenario.invariant = [](sqlite3* handle) -> std::string {
    const std::string database = sqlite3_db_filename(handle, "main");
    if (rawInteger(handle, "PRAGMA user_version") != 1) return "it was not undone";
    if (const std::string wrong = halves(handle, 1); !wrong.empty()) return wrong;
    const std::string kept = rawText(handle, "SELECT kept FROM holdfast_undone WHERE undone = 3 AND restored = 1");
    if (fs::path(kept).filename() != fs::path(database + ".undone-1").filename()) return "it is kept as " + kept;
    if (RawSqlite(database + ".undone-1").integer("SELECT count(*) FROM item WHERE name = 'since'") != 1) {
      return "what was written since is not kept";
    }
    for (const char* left : {".earlier", ".restoring", ".undone-2"}) {
      if (fs::exists(database + left)) return std::string(left) + " is left behind";
    }
    return {};
  };
  return scenario;
}

void checkCutsOf(const Scenario& scenario) {
  // At each operation once, and at random ones, each start after a cut being cut short as well.
  PowerCutOptions each;
  each.cuts = 0;
  each.secondCutEvery = scenario.restart ? 2 : 0;
  checkPowerCuts(scenario, each);
  PowerCutOptions many;
  many.cuts = 200 / HOLDFAST_TEST_SLOWDOWN;
  many.secondCutEvery = scenario.restart ? 1 : 0;
  checkPowerCuts(scenario, many);
}

void checkFailingCallsOf(Scenario scenario, std::int64_t step) {
  scenario.work = [start = scenario.restart](Attempt& attempt) {
    try {
      start(attempt.database());
    } catch (const Error&) {
      // It has happened or it has not; half of it would show below.
    }
    attempt.heal();
    start(attempt.database());
  };
  FailingCallOptions options;
  options.step = step;
  const FaultReport report = runFailingCalls(scenario, options);
  checkReport(report);
  CHECK(report.points > 50 / HOLDFAST_TEST_SLOWDOWN);
}

}  // namespace

TEST_SUITE("reliability/migration_cut") {
  TEST_CASE("a migration that is cut short has happened or has not") { checkCutsOf(migratingScenario(false)); }

  TEST_CASE("the starts after it come to its end") { checkCutsOf(migratingScenario(true)); }

  TEST_CASE("the undoing of a migration may be cut anywhere, and cut again") { checkCutsOf(undoingScenario()); }

  TEST_CASE("each call on the way may fail, and the next start comes to the same end") {
    checkFailingCallsOf(migratingScenario(true), 2 * HOLDFAST_TEST_SLOWDOWN);
    checkFailingCallsOf(undoingScenario(), HOLDFAST_TEST_SLOWDOWN);
  }
}
