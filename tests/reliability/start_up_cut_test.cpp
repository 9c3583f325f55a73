// Power cuts while open() repairs a database: whenever one comes, the next start comes to the same end.

#include <holdfast/testing/doctest.hpp>

#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <holdfast/holdfast.hpp>

#include "support/damage.hpp"
#include "support/no_logger.hpp"
#include "support/raw_sqlite.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace holdfast::testing;

namespace fs = std::filesystem;

namespace {

constexpr int kRows = 300;

ConnectionConfig configOf(const std::string& database) {
  ConnectionConfig config;
  config.database = database;
  config.backup.path = database + ".backup";
  config.housekeeping = HousekeepingMode::Manual;
  config.memorySignals = false;
  config.logger = std::make_shared<NoLogger>();  // It would tell of every repair.
  return config;
}

void makeWithBackup(const std::string& database, bool withBackup) {
  const ConnectionConfig config = configOf(database);
  ConnectionPool pool(config);
  pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
  pool.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
      "INSERT INTO item(name) SELECT printf('%06d', i) || hex(zeroblob(90)) FROM n",
      kRows);
  if (withBackup) pool.backup(config.backup.path);
  pool.close();
}

/// A log with a transaction in it, as a process that was killed leaves it.
void leaveFullLog(const std::string& database) {
  RawSqlite raw(database);
  raw.run("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0");
  sqlite3_db_config(raw.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  raw.run("INSERT INTO item(name) VALUES ('000301')");
}

/// Whether one of the quarantined databases is that file, byte by byte.
bool isKept(const std::string& database, const std::string& content) {
  for (int number = 1; number < 4; ++number) {
    if (fileContent(database + ".damaged-" + std::to_string(number)) == content) return true;
  }
  return false;
}

struct Case {
  const char* name;
  bool withBackup;
  std::function<void(const std::string& database)> damage;
  std::int64_t atLeast;
  bool keeps = true;  ///< There was something to keep.
};

Scenario scenarioOf(const Case& wanted, std::string& damaged) {
  Scenario scenario;
  scenario.name = wanted.name;
  scenario.setUp = [&wanted, &damaged](const std::string& database) {
    makeWithBackup(database, wanted.withBackup);
    wanted.damage(database);
    damaged = fileContent(database);
  };
  const auto start = [](const std::string& database) {
    ConnectionPool pool(configOf(database));
    pool.close();
  };
  scenario.work = [start](Attempt& attempt) { start(attempt.database()); };
  scenario.restart = start;
  scenario.invariant = [&wanted, &damaged](sqlite3* handle) -> std::string {
    const std::string database = sqlite3_db_filename(handle, "main");
    const std::int64_t rows = rawInteger(handle, "SELECT count(*) FROM item");
    if (rows < wanted.atLeast) return "only " + std::to_string(rows) + " rows are there";
    if (rawInteger(handle, "SELECT count(*) FROM item WHERE substr(name, 1, 6) <> printf('%06d', id)") != 0) {
      return "rows are not what they were";
    }
    if (wanted.keeps && !isKept(database, damaged)) return "the damaged file is not kept as it was";
    if (fs::exists(database + ".restored") || fs::exists(database + ".restoring"))
      return "a replacement is left behind";
    return {};
  };
  return scenario;
}

void checkCuts(const Case& wanted) {
  std::string damaged;
  const Scenario scenario = scenarioOf(wanted, damaged);
  // At each operation once, and at random ones, each start after a cut being cut short as well.
  PowerCutOptions each;
  each.cuts = 0;
  each.secondCutEvery = 2;
  checkPowerCuts(scenario, each);
  PowerCutOptions many;
  many.cuts = 300 / HOLDFAST_TEST_SLOWDOWN;
  many.secondCutEvery = 1;
  checkPowerCuts(scenario, many);
}

}  // namespace

TEST_SUITE("reliability/start_up_cut") {
  TEST_CASE("the restore of a damaged database may be cut anywhere, and cut again") {
    checkCuts({"garbage", true, [](const std::string& path) { writeFile(path, std::string(20'000, 'x')); }, kRows});
  }

  TEST_CASE("each call on its way may fail, once and for good, and the next start comes to the same end") {
    std::string damaged;
    const Case wanted{"failing", true, [](const std::string& path) { writeFile(path, std::string(20'000, 'x')); },
                      kRows};
    FailingCallOptions options;
    options.step = HOLDFAST_TEST_SLOWDOWN;
    Scenario scenario = scenarioOf(wanted, damaged);
    scenario.work = [start = scenario.restart](Attempt& attempt) {
      try {
        start(attempt.database());
      } catch (const Error&) {
        // It is repaired or it is not; half of it would show below.
      }
      attempt.heal();
      start(attempt.database());
    };
    const FaultReport report = runFailingCalls(scenario, options);
    checkReport(report);
    CHECK(report.points > 50 / HOLDFAST_TEST_SLOWDOWN);
  }

  TEST_CASE("so may that of one with a log") {
    checkCuts({"withlog", true,
               [](const std::string& path) {
                 leaveFullLog(path);
                 replacePage(path, 5, std::string(kPageBytes, '\0'));
               },
               kRows});
  }

  TEST_CASE("so may that of one that is lost") {
    checkCuts({"lost", true, [](const std::string& path) { fs::remove(path); }, kRows, false});
  }

  TEST_CASE("so may the salvage of one without a backup") {
    checkCuts({"salvage", false,
               [](const std::string& path) {
                 replacePage(path, 5, std::string(kPageBytes, '\0'));
                 leaveLog(path);
               },
               kRows / 2});
  }
}
