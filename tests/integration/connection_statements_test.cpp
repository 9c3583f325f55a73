#include <doctest/doctest.h>
#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "connection/connection_impl.hpp"
#include "support/pool_fixture.hpp"
#include "support/where.hpp"

using holdfast::Access;
using holdfast::Connection;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::PooledConnection;
using holdfast::Row;
using holdfast::Rows;
using holdfast::RowView;
using holdfast::RunResult;
using holdfast::Sql;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::PoolFixture;

namespace {

bool hasRunningStatement(Connection& connection) {
  sqlite3* handle = connection.impl().handle;
  for (auto* each = sqlite3_next_stmt(handle, nullptr); each != nullptr; each = sqlite3_next_stmt(handle, each)) {
    if (sqlite3_stmt_busy(each) != 0) return true;
  }
  return false;
}

struct Opened : PoolFixture {
  explicit Opened(int rows = 0) : PoolFixture(2) { openWithRows(rows); }
};

}  // namespace

TEST_SUITE("integration/connection_statements") {
  TEST_CASE("run tells what a statement changed") {
    Opened f;
    CHECK(f.pool.run("INSERT INTO item(name) VALUES ('a'), ('b'), ('c')").changes == 3);
    CHECK(f.pool.run("INSERT INTO item(id, name) VALUES (70, 'd')").lastInsertRowId == 70);
    CHECK(f.pool.run("UPDATE item SET name = 'x' WHERE id < 3").changes == 2);
    CHECK(f.pool.run("UPDATE item SET name = 'x' WHERE id = 12345").changes == 0);
    CHECK(f.pool.run("INSERT OR IGNORE INTO item(id) VALUES (70)").changes == 0);
    CHECK(f.pool.run("DELETE FROM item").changes == 4);
  }

  TEST_CASE("a statement that is asked to stop has either been stopped or has taken effect") {
    Opened f;
    holdfast::StopSource stop;
    const PooledConnection lease = f.pool.acquire();
    Connection::Impl& impl = lease->impl();
    const auto ask = [](sqlite3_context* context, int, sqlite3_value**) {
      static_cast<holdfast::StopSource*>(sqlite3_user_data(context))->request_stop();
    };
    REQUIRE(sqlite3_create_function(impl.handle, "ask", 0, SQLITE_UTF8, &stop, ask, nullptr, nullptr) == SQLITE_OK);
    std::int64_t rows = 0;
    // SQLite looks at every thousandth step of a statement, counted over its runs: once in a while at its last one.
    for (int i = 0; i < 2000; ++i) {
      stop = {};
      impl.setLimits({.cancel = stop.get_token()});
      const auto code = codeOf([&] { lease->run("INSERT INTO item(name) VALUES (coalesce(ask(), 'x'))"); });
      impl.clearLimits();
      if (!code) ++rows;
      REQUIRE((!code || code == ErrorCode::Interrupted));
      REQUIRE(lease->queryValue<std::int64_t>("SELECT count(*) FROM item") == rows);
    }
  }

  TEST_CASE("statements that change no rows say so whatever ran before them") {
    Opened f(3);
    const std::array<const char*, 9> texts{"CREATE TABLE other(x)",
                                           "CREATE INDEX i ON item(name)",
                                           "PRAGMA user_version=4",
                                           "SELECT count(*) FROM item",
                                           "ANALYZE",
                                           "VACUUM",
                                           "REINDEX",
                                           "CREATE TABLE copy AS SELECT * FROM item",
                                           "ALTER TABLE item ADD y"};
    for (const std::string text : texts) {
      CAPTURE(text);
      f.pool.run("UPDATE item SET name = name || '!'");
      CHECK(f.pool.run(Sql::unchecked(text)).changes == 0);
    }
    f.pool.run("CREATE TABLE ref(item REFERENCES item(id))");
    f.pool.run("INSERT INTO ref VALUES (1)");
    f.pool.run("DROP TABLE ref");
    CHECK(f.pool.run("DROP TABLE other").changes == 0);
  }

  TEST_CASE("rows changed by triggers and foreign keys are not counted") {
    Opened f;
    f.pool.run("CREATE TABLE log(item)");
    f.pool.run("CREATE TABLE part(id INTEGER PRIMARY KEY, item REFERENCES item(id) ON DELETE CASCADE)");
    f.pool.run(
        "CREATE TRIGGER g AFTER INSERT ON item BEGIN INSERT INTO log(rowid, item) VALUES (new.id + 1000, new.id);"
        " INSERT INTO log(rowid, item) VALUES (new.id + 2000, new.id); END");
    const RunResult inserted = f.pool.run("INSERT INTO item(id, name) VALUES (5, 'a')");
    CHECK(inserted.changes == 1);
    CHECK(inserted.lastInsertRowId == 5);
    f.pool.run("INSERT INTO part(item) VALUES (5), (5), (5)");
    CHECK(f.pool.run("DELETE FROM item WHERE id = 5").changes == 1);
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM part") == 0);
  }

  TEST_CASE("an insert into a view counts nothing itself") {
    Opened f;
    f.pool.run("CREATE VIEW v AS SELECT name FROM item");
    f.pool.run("CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO item(name) VALUES (new.name); END");
    CHECK(f.pool.run("INSERT INTO v VALUES ('a')").changes == 0);
    CHECK(f.rows() == 1);
  }

  TEST_CASE("the last row id stays through statements that insert nothing") {
    Opened f;
    auto lease = f.pool.acquire();
    lease->run("INSERT INTO item(id) VALUES (41)");
    CHECK(lease->run("CREATE TABLE other(x)").lastInsertRowId == 41);
    CHECK(lease->run("UPDATE item SET name = 'x'").lastInsertRowId == 41);
    CHECK(lease->lastInsertRowId() == 41);
    CHECK(codeOf([&] { lease->run("INSERT INTO item(id) VALUES (41)"); }) == ErrorCode::Constraint);
    CHECK(lease->lastInsertRowId() == 41);
  }

  TEST_CASE("results are valid after the pool that read them is closed") {
    Opened f(2);
    Rows rows = f.pool.query("SELECT id, name, zeroblob(3) AS raw FROM item ORDER BY id");
    std::optional<Row> one = f.pool.queryOne("SELECT name FROM item WHERE id = 2");
    f.pool.close();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].get<std::string>("name") == "item 1");
    CHECK(rows[1].get<std::string_view>(1) == "item 2");
    CHECK(rows.columns() == std::vector<std::string>{"id", "name", "raw"});
    CHECK(one->get<std::string>(0) == "item 2");
  }

  TEST_CASE("an empty result has its column names") {
    Opened f;
    const Rows rows = f.pool.query("SELECT id, name AS label FROM item");
    CHECK(rows.empty());
    CHECK(rows.columns() == std::vector<std::string>{"id", "label"});
    CHECK_FALSE(f.pool.queryOne("SELECT id FROM item").has_value());
    CHECK_FALSE(f.pool.queryValue<int>("SELECT id FROM item").has_value());
    CHECK_FALSE(f.pool.queryValue<int>("SELECT NULL").has_value());
  }

  TEST_CASE("a visit that returns false ends the reading") {
    Opened f(10);
    auto lease = f.pool.acquire(Access::Read);
    int seen = 0;
    lease->forEach("SELECT id FROM item", [&](const RowView&) { return ++seen < 3; });
    CHECK(seen == 3);
    CHECK_FALSE(hasRunningStatement(*lease));
    lease->forEach("SELECT id FROM item", [&](const RowView&) { ++seen; });
    CHECK(seen == 13);
  }

  TEST_CASE("a visit that throws leaves the handle clean") {
    Opened f(10);
    auto lease = f.pool.acquire(Access::Read);
    CHECK_THROWS_WITH_AS(
        lease->forEach("SELECT id FROM item", [](const RowView&) { throw std::out_of_range("enough"); }), "enough",
        std::out_of_range);
    CHECK_FALSE(hasRunningStatement(*lease));
    CHECK(codeOf([&] { lease->forEach("SELECT id FROM item", [](const RowView& row) { row.get<std::string>(0); }); }) ==
          ErrorCode::TypeMismatch);
    CHECK_FALSE(hasRunningStatement(*lease));
    CHECK(lease->queryValue<int>("SELECT count(*) FROM item") == 10);
  }

  TEST_CASE("a statement can run inside the reading of its own rows") {
    Opened f(4);
    auto lease = f.pool.acquire(Access::Read);
    int pairs = 0;
    const Sql sql("SELECT id FROM item WHERE id <= ?");
    lease->forEach(
        sql,
        [&](const RowView& outer) {
          lease->forEach(
              sql, [&](const RowView& inner) { pairs += inner.get<int>(0) <= outer.get<int>(0) ? 1 : 100; },
              outer.get<int>(0));
        },
        4);
    CHECK(pairs == 1 + 2 + 3 + 4);
    CHECK_FALSE(hasRunningStatement(*lease));
  }

  TEST_CASE("rows may be changed while others are read on the same handle" *
            doctest::skip(holdfast::test::kWithoutThreads)) {
    Opened f(20);
    auto lease = f.pool.acquire();
    int seen = 0;
    lease->forEach("SELECT id FROM item", [&](const RowView& row) {
      ++seen;
      lease->run("DELETE FROM item WHERE id = ?", row.get<int>(0));
    });
    CHECK(seen == 20);
    CHECK(f.rows() == 0);
  }

  TEST_CASE("a call carries out exactly one statement") {
    Opened f;
    for (const std::string text :
         {"SELECT 1; SELECT 2", "SELECT 1; this is not sql", "SELECT 1;;; SELECT 2", "SELECT 1; -- comment\n SELECT 2",
          "SELECT 1; /* open", "SELECT 1; '", "", "   ", ";", "-- nothing", "/* nothing */"}) {
      CAPTURE(text);
      const auto code = codeOf([&] { f.pool.query(Sql::unchecked(text)); });
      // A comment that is not closed ends with the text.
      if (std::string(text) == "SELECT 1; /* open") {
        CHECK_FALSE(code.has_value());
      } else {
        CHECK(code == ErrorCode::InvalidSql);
      }
    }
    CHECK(contains(errorOf([&] { f.pool.query("SELECT 1; SELECT 2"); })->what(), "more than one statement"));
  }

  TEST_CASE("comments, blanks and semicolons around a statement are fine") {
    Opened f;
    for (const std::string text :
         {"SELECT 7;", "SELECT 7;;;", " \n\t SELECT 7 ; \n", "SELECT 7; -- a comment", "SELECT 7 -- a comment",
          "/* before */ SELECT 7; /* after */ ;", "-- line\nSELECT 7;\n"}) {
      CAPTURE(text);
      CHECK(f.pool.queryValue<int>(Sql::unchecked(text)) == 7);
      CHECK(f.pool.queryValue<int>(Sql::unchecked(text)) == 7);
    }
  }

  TEST_CASE("text with a comment behind its end is prepared once") {
    Opened f;
    const std::uint64_t before = f.pool.metrics().statementCacheMisses;
    for (int i = 0; i < 5; ++i) CHECK(f.pool.queryValue<int>(Sql::unchecked("SELECT 7; -- seven")) == 7);
    CHECK(f.pool.metrics().statementCacheMisses - before == 1);
  }

  TEST_CASE("the same text as a literal and built at run time share one statement") {
    Opened f;
    auto lease = f.pool.acquire();
    const auto misses = [&] { return lease->impl().statements.misses.value(); };
    const std::uint64_t before = misses();
    lease->query("SELECT count(*) FROM item");
    lease->query(Sql::unchecked("SELECT count(*) FROM item"));
    lease->query(Sql::unchecked(std::string("SELECT count(*)") + " FROM item"));
    CHECK(misses() - before == 1);
  }

  TEST_CASE("a statement survives a change of the schema under it") {
    Opened f(1);
    CHECK(f.pool.query("SELECT * FROM item").columns().size() == 2);
    f.pool.run("ALTER TABLE item ADD extra DEFAULT 5");
    const Rows rows = f.pool.query("SELECT * FROM item");
    CHECK(rows.columns().size() == 3);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].get<int>("extra") == 5);
  }

  TEST_CASE("a write that returns rows fails when its constraint fails, also where only the first row is read") {
    PoolFixture f;
    f.open();
    f.pool.run("CREATE TABLE parent(id INTEGER PRIMARY KEY)");
    f.pool.run("CREATE TABLE child(id INTEGER PRIMARY KEY, parent REFERENCES parent(id))");
    f.pool.run("CREATE TABLE late(id INTEGER PRIMARY KEY, parent REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)");
    auto lease = f.pool.acquire();
    CHECK(codeOf([&] { lease->query("INSERT INTO child(parent) VALUES (9) RETURNING id"); }) == ErrorCode::Constraint);
    CHECK(codeOf([&] { lease->queryOne("INSERT INTO child(parent) VALUES (9) RETURNING id"); }) ==
          ErrorCode::Constraint);
    CHECK(codeOf([&] { lease->queryValue<int>("INSERT INTO late(parent) VALUES (9) RETURNING id"); }) ==
          ErrorCode::Constraint);
    CHECK(lease->queryValue<int>("SELECT count(*) FROM child") == 0);
    CHECK(lease->queryValue<int>("SELECT count(*) FROM late") == 0);
  }

  TEST_CASE("a write that returns rows is whole when only its first row is read" *
            doctest::skip(holdfast::test::kWithoutThreads)) {
    Opened f;
    auto lease = f.pool.acquire();
    CHECK(lease->queryValue<int>("INSERT INTO item(name) VALUES ('a'), ('b'), ('c') RETURNING id") == 1);
    CHECK(f.rows() == 3);
  }

  TEST_CASE("a read handle refuses to write") {
    Opened f(1);
    for (const std::string text : {"INSERT INTO item(name) VALUES ('x')", "DELETE FROM item", "DROP TABLE item",
                                   "INSERT INTO item(name) VALUES ('x') RETURNING id", "PRAGMA user_version=7",
                                   "VACUUM", "CREATE TABLE other(x)"}) {
      CAPTURE(text);
      CHECK(codeOf([&] { f.pool.query(Sql::unchecked(text)); }) == ErrorCode::Denied);
    }
    CHECK(f.rows() == 1);
  }

  TEST_CASE("a pool of one refuses to write through a read lease too") {
    PoolFixture f(1);
    f.openWithRows(1);
    CHECK(codeOf([&] { f.pool.query("DELETE FROM item"); }) == ErrorCode::Denied);
    CHECK(f.pool.run("DELETE FROM item").changes == 1);
  }

  TEST_CASE("an error names the statement and never a bound value" * doctest::skip(holdfast::test::kWithoutThreads)) {
    Opened f;
    f.pool.run("CREATE UNIQUE INDEX i ON item(name)");
    f.pool.run("INSERT INTO item(name) VALUES (?)", "secret-17");
    const auto error = errorOf([&] { f.pool.run("INSERT INTO item(name) VALUES (?)", "secret-17"); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Constraint);
    CHECK(error->sqliteCode() == SQLITE_CONSTRAINT_UNIQUE);
    CHECK(contains(error->what(), "INSERT INTO item"));
    CHECK(contains(error->what(), "item.name"));
    CHECK(contains(error->what(), "pool 0/2 in use"));
    CHECK_FALSE(contains(error->what(), "secret-17"));
  }

  TEST_CASE("an interrupted statement says so and the handle goes on") {
    Opened f;
    auto lease = f.pool.acquire(Access::Read);
    int seen = 0;
    const auto code = codeOf([&] {
      lease->forEach("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
                     [&](const RowView&) {
                       if (++seen == 3) lease->interrupt();
                     });
    });
    CHECK(code == ErrorCode::Interrupted);
    CHECK(seen == 3);
    lease->interrupt();  // Nothing runs: it must not hit the next statement.
    CHECK(lease->queryValue<int>("SELECT 5") == 5);
  }

  TEST_CASE("the cache keeps to its bounds whatever is run") {
    PoolFixture f;
    f.config.statementCacheEntries = 8;
    f.config.statementCacheBytes = 64 * holdfast::KiB;
    f.openWithRows(1);
    auto lease = f.pool.acquire(Access::Read);
    for (int i = 0; i < 100; ++i) lease->query(Sql::unchecked("SELECT " + std::to_string(i)));
    const auto& cache = lease->impl().statements;
    CHECK(cache.size() <= 8);
    CHECK(cache.bytes() <= 64 * holdfast::KiB);
    CHECK(cache.evictions.value() >= 92);
  }
}
