// What is read out of damaged databases, table by table.

#include "connection/salvage.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstdint>
#include <string>

#include <holdfast/error.hpp>

#include "connection/plain_database.hpp"
#include "support/damage.hpp"
#include "support/error_of.hpp"
#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct SalvageFixture {
  TempDirectory directory;
  std::string source = directory.file("source.db");
  std::string target = directory.file("target.db");

  SalvageReport salvage() {
    writeFile(target, "");
    PlainDatabase from(source, PlainDatabase::Mode::Write);
    PlainDatabase to(target, PlainDatabase::Mode::Write);
    return salvageTables(from, to);
  }
  std::string text(const std::string& sql) { return RawSqlite(target).text(sql); }
};

}  // namespace

TEST_SUITE("connection/salvage") {
  TEST_CASE("a sound database is copied with all kinds of objects and values") {
    SalvageFixture f;
    {
      RawSqlite raw(f.source);
      raw.run("PRAGMA encoding='UTF-16le'; PRAGMA page_size=1024");
      raw.run("PRAGMA user_version=7; PRAGMA application_id=99");
      raw.run("CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT, v)");
      raw.run(
          "INSERT INTO counted(v) VALUES (1), (2.5), ('text'), (x'00ff'), (NULL); DELETE FROM counted WHERE id = 5");
      raw.run("CREATE TABLE hidden(a TEXT, \"rowid\" TEXT, \"we\"\"ird\" TEXT UNIQUE)");
      raw.run(
          "INSERT INTO hidden(_rowid_, a, \"rowid\", \"we\"\"ird\") VALUES (40, 'a', 'b', 'c'), (-7, 'd', 'e', 'f')");
      raw.run("CREATE TABLE keyed(k TEXT, l INTEGER, v TEXT, PRIMARY KEY(k, l)) WITHOUT ROWID");
      raw.run("INSERT INTO keyed VALUES ('x', 1, 'one'), ('x', 2, 'two')");
      raw.run("CREATE TABLE generated(a INTEGER, b INTEGER AS (a * 2) STORED, c INTEGER NOT NULL)");
      raw.run("INSERT INTO generated(a, c) VALUES (4, 1)");
      raw.run("CREATE TABLE log(what TEXT)");
      raw.run("CREATE VIEW seen AS SELECT v FROM counted");
      raw.run("CREATE INDEX by_a ON hidden(a)");
      raw.run("CREATE TRIGGER noted AFTER INSERT ON counted BEGIN INSERT INTO log VALUES ('noted'); END");
      raw.run("CREATE TABLE empty(a)");
    }
    const SalvageReport report = f.salvage();
    CHECK(report.tables == 6);
    CHECK(report.rowsKept == 9);
    CHECK(report.gaps == 0);
    CHECK(report.rowsLostAtMost == 0U);
    CHECK(report.notes.empty());
    CHECK(f.text("PRAGMA integrity_check") == "ok");
    CHECK(f.text("PRAGMA encoding") == "UTF-16le");
    CHECK(f.text("PRAGMA page_size") == "1024");
    CHECK(f.text("PRAGMA user_version") == "7");
    CHECK(f.text("PRAGMA application_id") == "99");
    CHECK(f.text("SELECT group_concat(typeof(v)) FROM counted") == "integer,real,text,blob");
    CHECK(f.text("SELECT seq FROM sqlite_sequence") == "5");
    CHECK(f.text("SELECT group_concat(_rowid_ || a || \"rowid\" || \"we\"\"ird\") FROM hidden ORDER BY 1") ==
          "-7def,40abc");
    CHECK(f.text("SELECT group_concat(v) FROM keyed") == "one,two");
    CHECK(f.text("SELECT b FROM generated") == "8");
    CHECK(f.text("SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT "
                 "NULL ORDER BY 1)") == "by_a,noted,seen");
    CHECK(f.text("SELECT count(*) FROM log") == "0");  // No trigger fired.
  }

  TEST_CASE("every single page of a database may be gone and the rest is read") {
    SalvageFixture f;
    {
      RawSqlite raw(f.source);
      raw.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
      raw.run(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 800) "
          "INSERT INTO item SELECT i * 1000003, printf('%06d', i) || hex(zeroblob(90 + 40 * (i % 50 = 0) * 60)) FROM "
          "n");
    }
    const std::string whole = fileContent(f.source);
    const std::size_t pages = whole.size() / kPageBytes;
    REQUIRE(pages > 40);
    std::int64_t least = 800;
    for (std::size_t page = 3; page <= pages; ++page) {
      CAPTURE(page);
      writeFile(f.source, whole);
      replacePage(f.source, page, std::string(kPageBytes, '\xff'));
      const SalvageReport report = f.salvage();
      RawSqlite raw(f.target);
      CHECK(raw.text("PRAGMA integrity_check") == "ok");
      const std::int64_t rows = raw.integer("SELECT count(*) FROM item");
      CHECK(rows == static_cast<std::int64_t>(report.rowsKept));
      CHECK(raw.integer("SELECT count(*) FROM item WHERE id <> 1000003 * substr(name, 1, 6)") == 0);
      if (rows < 800) CHECK(report.gaps > 0);
      least = std::min(least, rows);
    }
    CHECK(least > 700);
  }

  TEST_CASE("of a table without rowids both ends are kept") {
    SalvageFixture f;
    {
      RawSqlite raw(f.source);
      raw.run("CREATE TABLE keyed(k INTEGER, v TEXT, PRIMARY KEY(k)) WITHOUT ROWID");
      raw.run(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
          "INSERT INTO keyed SELECT i, hex(zeroblob(100)) FROM n");
    }
    replacePage(f.source, 30, std::string(kPageBytes, '\0'));
    const SalvageReport report = f.salvage();
    CHECK(report.gaps == 1);
    CHECK_FALSE(report.rowsLostAtMost.has_value());
    CHECK(report.rowsKept > 900);
    CHECK(f.text("SELECT min(k) || '-' || max(k) FROM keyed") == "1-1000");
  }

  TEST_CASE("a table whose root is gone is kept without rows, and the others with theirs") {
    SalvageFixture f;
    {
      RawSqlite raw(f.source);
      raw.run("CREATE TABLE gone(a); CREATE TABLE kept(a)");
      raw.run("INSERT INTO gone VALUES (1); INSERT INTO kept VALUES (2)");
    }
    replacePage(f.source, 2, std::string(kPageBytes, '\0'));
    const SalvageReport report = f.salvage();
    CHECK(report.tables == 2);
    CHECK(report.rowsKept == 1);
    CHECK(report.gaps == 1);
    CHECK(report.notes.size() == 1);
    CHECK(f.text("SELECT count(*) FROM gone") == "0");
    CHECK(f.text("SELECT a FROM kept") == "2");
  }

  TEST_CASE("what cannot be made anew is named, and the rest is") {
    SalvageFixture f;
    {
      RawSqlite raw(f.source);
      raw.run("CREATE TABLE item(a); INSERT INTO item VALUES (1), (1)");
      raw.run("CREATE INDEX one ON item(a)");
      raw.run("PRAGMA writable_schema=ON");
      raw.run("UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX one ON item(a)' WHERE name = 'one'");
      raw.run("INSERT INTO sqlite_schema VALUES ('table', 'evil', 'evil', 0, 'DROP TABLE item')");
    }
    const SalvageReport report = f.salvage();
    CHECK(report.rowsKept == 2);
    REQUIRE(report.notes.size() == 1);
    CHECK(report.notes.front().starts_with("index \"one\": "));
  }

  TEST_CASE("a virtual table is kept with the tables that it lives in") {
    SalvageFixture f;
    {
      RawSqlite raw(f.source);
      if (raw.tryRun("CREATE VIRTUAL TABLE words USING fts5(body)") != SQLITE_OK) return;
      raw.run("INSERT INTO words VALUES ('holdfast keeps rows')");
    }
    const SalvageReport report = f.salvage();
    CHECK(report.notes.empty());
    CHECK(f.text("SELECT body FROM words WHERE words MATCH 'keeps'") == "holdfast keeps rows");
  }

  TEST_CASE("a file that is no database, or has no schema left, is Corrupt or NotADatabase") {
    SalvageFixture f;
    writeFile(f.source, std::string(10'000, 'x'));
    CHECK(codeOf([&] { f.salvage(); }) == ErrorCode::NotADatabase);
  }
}
