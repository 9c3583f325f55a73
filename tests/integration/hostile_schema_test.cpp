// Database files that somebody has prepared: what their schema holds does not act.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "integration/start_up_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

namespace {

/// A schema that plain SQLite would refuse to make.
void plant(RawSqlite& raw, const std::string& type, const std::string& name, const std::string& sql) {
  raw.run("PRAGMA writable_schema=ON");
  raw.run("INSERT INTO sqlite_schema VALUES ('" + type + "', '" + name + "', '" + name + "', 0, '" + sql + "')");
  raw.run("PRAGMA writable_schema=OFF");
}

struct Prepared : PoolFixture {
  explicit Prepared(const std::function<void(RawSqlite&)>& prepare) : PoolFixture(2) {
    RawSqlite raw(config.database);
    sqlite3_db_config(raw.handle(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
    sqlite3_db_config(raw.handle(), SQLITE_DBCONFIG_DQS_DDL, 1, nullptr);
    raw.run("CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER)");
    raw.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
    raw.run("INSERT INTO account(balance) VALUES (100), (200)");
    prepare(raw);
  }
  std::int64_t money() {
    pool.close();
    RawSqlite raw(config.database);
    raw.run("PRAGMA writable_schema=ON");  // Then what is malformed of a schema is passed over.
    return raw.integer("SELECT coalesce(sum(balance), 0) FROM account");
  }
};

constexpr const char* kTheft = "CREATE TRIGGER steal AFTER INSERT ON item BEGIN UPDATE account SET balance = 0; END";

}  // namespace

TEST_SUITE("integration/hostile_schema") {
  TEST_CASE("a trigger of a foreign file does not fire where triggers are off") {
    Prepared f([](RawSqlite& raw) { raw.run(kTheft); });
    f.config.triggersAndViews = false;
    f.open();
    f.pool.run("INSERT INTO item(name) VALUES ('x')");
    f.pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('y')"); });
    CHECK(f.money() == 300);
  }

  TEST_CASE("an INSTEAD OF trigger and its view do nothing where they are off") {
    Prepared f([](RawSqlite& raw) {
      raw.run("CREATE VIEW latest AS SELECT * FROM item");
      raw.run("CREATE TRIGGER i INSTEAD OF INSERT ON latest BEGIN UPDATE account SET balance = 0; END");
    });
    f.config.triggersAndViews = false;
    f.open();
    CHECK(errorOf([&] { f.pool.run("INSERT INTO latest(name) VALUES ('x')"); }).has_value());
    CHECK(errorOf([&] { f.pool.query("SELECT * FROM latest"); }).has_value());
    CHECK(f.money() == 300);
  }

  TEST_CASE("views and triggers cannot load code or reach functions that are for statements only") {
    for (const std::string call : {"load_extension(''/tmp/evil.so'')", "fts3_tokenizer(''simple'')",
                                   "writefile(''/tmp/evil'', ''x'')", "readfile(''/etc/passwd'')"}) {
      CAPTURE(call);
      Prepared f([&](RawSqlite& raw) {
        plant(raw, "view", "account_view", "CREATE VIEW account_view AS SELECT " + call);
        plant(raw, "trigger", "steal", "CREATE TRIGGER steal AFTER INSERT ON item BEGIN SELECT " + call + "; END");
      });
      f.config.checkAtOpen = OpenCheck::Always;
      if (errorOf([&] { f.open(); })) continue;  // Not even opened.
      CHECK(errorOf([&] { f.pool.query("SELECT * FROM account_view"); }).has_value());
      CHECK(errorOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('x')"); }).has_value());
      CHECK(f.money() == 300);
    }
  }

  TEST_CASE("a view that never ends is ended by the deadline") {
    const Watchdog watchdog("a view runs for ever");
    Prepared f([](RawSqlite& raw) {
      raw.run(
          "CREATE VIEW account_view AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
          "SELECT i FROM n WHERE i < 0");
    });
    f.config.checkAtOpen = OpenCheck::Always;
    f.open();
    CHECK(codeOf([&] { f.pool.with({.timeout = 50ms}).query("SELECT * FROM account_view"); }) == ErrorCode::Timeout);
    CHECK(f.money() == 300);
  }

  TEST_CASE("triggers that call each other do not end the process") {
    const Watchdog watchdog("triggers run for ever");
    Prepared f([](RawSqlite& raw) {
      raw.run("CREATE TABLE a(x); CREATE TABLE b(x)");
      raw.run("CREATE TRIGGER ab AFTER INSERT ON a BEGIN INSERT INTO b VALUES (1); END");
      raw.run("CREATE TRIGGER ba AFTER INSERT ON b BEGIN INSERT INTO a VALUES (1); END");
    });
    f.open();
    errorOf([&] { f.pool.with({.timeout = 1s}).run("INSERT INTO a VALUES (1)"); });
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM account") == 2);
    CHECK(f.money() == 300);
  }

  TEST_CASE("a table that would be made of a query is not made when what is left of the file is saved") {
    const Watchdog watchdog("a schema is carried out for ever");
    StartUpFixture f;
    f.make();
    {
      RawSqlite raw(f.config.database);
      sqlite3_db_config(raw.handle(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
      raw.run("PRAGMA journal_mode=DELETE");
      plant(raw, "table", "evil",
            "CREATE TABLE evil AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n");
    }
    replacePage(f.config.database, 20, std::string(kPageBytes, '\0'));
    leaveLog(f.config.database);
    const auto error = errorOf([&] { f.open(); });
    if (!error) {
      CHECK(f.pool.queryValue<int>("SELECT count(*) FROM sqlite_schema WHERE name = 'evil'") == 0);
      CHECK(f.rows() > 0);
    }
    CHECK(f.pool.metrics().recoveryTook[static_cast<std::size_t>(RecoveryCause::Damaged)].count() >= 0);
  }

  TEST_CASE("generated columns, checks and indexes with costly expressions are bounded") {
    const Watchdog watchdog("an expression runs for ever");
    Prepared f([](RawSqlite& raw) {
      raw.run("CREATE TABLE costly(x, y AS (zeroblob(900000000)), CHECK (length(hex(zeroblob(x))) >= 0))");
    });
    f.config.memoryLimit = 8 * MiB;
    f.open();
    errorOf([&] { f.pool.run("INSERT INTO costly(x) VALUES (500000000)"); });
    errorOf([&] { f.pool.query("SELECT y FROM costly"); });
    CHECK(f.pool.metrics().memoryPeakBytes <= 16 * MiB);
    CHECK(f.money() == 300);
  }

  TEST_CASE("what stands behind a definition is not carried out") {
    Prepared f([&](RawSqlite& raw) { plant(raw, "table", "evil", "CREATE TABLE evil(x); DROP TABLE account"); });
    f.config.checkAtOpen = OpenCheck::Always;
    errorOf([&] {
      f.open();
      f.pool.query("SELECT * FROM evil");
    });
    CHECK(f.money() == 300);
  }

  TEST_CASE("a schema that is malformed is an error and opens nothing by halves") {
    for (const std::string sql :
         {"CREATE TABLE", "DROP TABLE account", "SELECT 1", "CREATE INDEX evil ON nothing(x)"}) {
      CAPTURE(sql);
      Prepared f([&](RawSqlite& raw) { plant(raw, "table", "evil", sql); });
      f.config.checkAtOpen = OpenCheck::Always;
      const auto error = errorOf([&] {
        f.open();
        f.pool.query("SELECT * FROM evil");
      });
      CHECK(error.has_value());
      CHECK(f.money() == 300);
    }
  }
}
