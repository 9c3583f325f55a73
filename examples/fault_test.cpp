// A stock of parts and the proof that a move between two shelves is never lost and never half done.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <sqlite3.h>

#include <holdfast/holdfast.hpp>
#include <holdfast/testing/doctest.hpp>

using namespace holdfast;

namespace {

// The application's own code.
class Stock {
 public:
  explicit Stock(const std::string& database) {
    ConnectionConfig config;
    config.database = database;
    config.acquireTimeout = std::chrono::milliseconds{100};  // No time is to be lost where the disk stays broken.
    config.openRetryDelay = std::chrono::milliseconds{1};
    config.housekeeping = HousekeepingMode::Manual;
    pool_.open(config);
    pool_.run("CREATE TABLE IF NOT EXISTS shelf(id INTEGER PRIMARY KEY, parts INTEGER NOT NULL CHECK (parts >= 0))");
    pool_.run("CREATE TABLE IF NOT EXISTS move(id INTEGER PRIMARY KEY, parts INTEGER NOT NULL)");
    pool_.run("INSERT OR IGNORE INTO shelf(id, parts) VALUES (1, 500), (2, 500)");
  }
  void move(std::int64_t number, int parts) {
    pool_.transaction([&](Transaction& tx) {
      tx.run("UPDATE shelf SET parts = parts - ? WHERE id = 1", parts);
      tx.run("UPDATE shelf SET parts = parts + ? WHERE id = 2", parts);
      tx.run("INSERT INTO move(id, parts) VALUES (?, ?)", number, parts);
    });
  }

 private:
  ConnectionPool pool_;
};

// Plain SQLite for looking at what it left behind: the engine that wrote is not asked.
std::vector<std::int64_t> numbers(sqlite3* database, const char* sql) {
  std::vector<std::int64_t> result;
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database, sql, -1, &statement, nullptr);
  while (sqlite3_step(statement) == SQLITE_ROW) result.push_back(sqlite3_column_int64(statement, 0));
  sqlite3_finalize(statement);
  return result;
}

testing::Scenario moves() {
  testing::Scenario scenario;
  scenario.name = "moves";
  scenario.setUp = [](const std::string& database) { Stock stock(database); };
  scenario.work = [](testing::Attempt& attempt) {
    Stock stock(attempt.database());
    for (int number = 1; number <= 10; ++number) attempt.transaction(number, [&] { stock.move(number, 3 * number); });
    attempt.heal();  // The disk is well again: from here on nothing may fail.
    attempt.transaction(11, [&] { stock.move(11, 1); });
  };
  scenario.restart = [](const std::string& database) { Stock stock(database); };
  scenario.invariant = [](sqlite3* database) -> std::string {
    if (numbers(database, "SELECT sum(parts) FROM shelf").at(0) != 1000) return "parts appeared or disappeared";
    const char* moved =
        "SELECT (SELECT parts FROM shelf WHERE id = 2) - 500 - (SELECT coalesce(sum(parts), 0) FROM move)";
    return numbers(database, moved).at(0) != 0 ? "a move is on the list and not on the shelves" : "";
  };
  scenario.committed = [](sqlite3* database) { return numbers(database, "SELECT id FROM move ORDER BY id"); };
  return scenario;
}

}  // namespace

TEST_CASE("a power cut loses no move and leaves none half done") { testing::checkPowerCuts(moves()); }

TEST_CASE("whichever call of the disk fails, no move is lost and the stock goes on") {
  testing::checkFailingCalls(moves(), {.step = 3});
}
