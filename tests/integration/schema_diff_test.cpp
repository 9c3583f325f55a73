// What a mapping and a file differ in.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/repository.hpp>
#include <holdfast/schema_diff.hpp>

#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Device {
  std::int64_t id = 0;
  std::string name{};
};

/// Everything that a mapping can say.
struct Reading {
  std::int64_t id = 0;
  std::string sensor{};
  double value = 0;
  std::optional<std::string> note{};
  std::int64_t device = 0;
  Blob raw{};
  Value any{};
  std::string mode{};
};

struct Cell {
  std::int32_t row = 0;
  std::string column{};
  std::optional<std::int64_t> amount{};
};

}  // namespace

template <>
struct holdfast::Mapping<Device> {
  static constexpr auto table =
      holdfast::table<Device>("device", primaryKey("id", &Device::id), column("name", &Device::name).unique());
};

template <>
struct holdfast::Mapping<Reading> {
  static constexpr auto table = holdfast::table<Reading>(
      "reading; \"x\"", primaryKey("id", &Reading::id), column("sensor", &Reading::sensor).maxLength(64).indexed(),
      column("value", &Reading::value).range(-40.5, 1200).defaultValue("1.5"),
      column("note", &Reading::note).unique().indexed().pattern("[a-z]*"),
      column("device", &Reading::device).references("device", "id", "CASCADE"),
      column("raw", &Reading::raw).maxLength(10), column("any", &Reading::any),
      column("mode, \"m\"", &Reading::mode).defaultValue("'it''s'").check("\"mode, \"\"m\"\"\" <> ')'"),
      index("sensor", "value"), index("device", "value").unique());
};

template <>
struct holdfast::Mapping<Cell> {
  static constexpr auto table =
      holdfast::table<Cell>("cell", primaryKey("row", &Cell::row), primaryKey("column", &Cell::column),
                            column("amount", &Cell::amount))
          .withoutRowId()
          .notStrict();
};

namespace {

struct Opened : PoolFixture {
  Opened() { open(); }

  template <typename Entity>
  std::vector<SchemaDifference> diff() {
    return schemaDiff<Entity>(pool);
  }
  /// "kind column expected found", sorted.
  std::vector<std::string> cellDiff(const std::string& sql) {
    pool.run("DROP TABLE IF EXISTS cell");
    pool.run(Sql::unchecked(sql));
    return said(diff<Cell>());
  }
  std::vector<std::string> deviceDiff(const std::string& sql) {
    pool.run("DROP TABLE IF EXISTS device");
    pool.run(Sql::unchecked(sql));
    return said(diff<Device>());
  }
  static std::vector<std::string> said(const std::vector<SchemaDifference>& differences) {
    std::vector<std::string> texts;
    for (const SchemaDifference& one : differences) {
      CHECK_FALSE(one.text.empty());
      texts.push_back(std::string(toText(one.kind)) + ": " + one.column + ": " + one.expected + " / " + one.found);
    }
    return texts;
  }
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_SUITE("repository/schema diff") {
  TEST_CASE_FIXTURE(Opened, "a table that the mapping made has no difference") {
    BaseRepository<Device>(pool).createTable();
    BaseRepository<Reading>(pool).createTable();
    BaseRepository<Cell>(pool).createTable();
    CHECK(said(diff<Device>()) == Texts{});
    CHECK(said(diff<Reading>()) == Texts{});
    CHECK(said(diff<Cell>()) == Texts{});
  }

  TEST_CASE_FIXTURE(Opened, "each difference is found") {
    pool.run(
        "CREATE TABLE \"reading; \"\"x\"\"\"(id INT PRIMARY KEY, sensr TEXT NOT NULL, value TEXT DEFAULT 2,"
        " note TEXT NOT NULL CHECK (note <> 'x'), device INTEGER NOT NULL REFERENCES device(name) ON UPDATE CASCADE,"
        " raw BLOB NOT NULL UNIQUE, extra TEXT NOT NULL, any BLOB, FOREIGN KEY(note) REFERENCES device)");
    pool.run("CREATE INDEX one ON \"reading; \"\"x\"\"\"(value DESC, abs(value)) WHERE value > 0");
    pool.run("CREATE INDEX two ON \"reading; \"\"x\"\"\"(device, value)");
    const auto all = diff<Reading>();
    const auto has = [&](DifferenceKind kind, std::string_view column, std::string_view expected,
                         std::string_view found) {
      return std::any_of(all.begin(), all.end(), [&](const SchemaDifference& one) {
        return one.kind == kind && one.column == column && contains(one.expected, expected) &&
               contains(one.found, found) && one.table == "reading; \"x\"";
      });
    };
    std::string list;
    for (const std::string& text : said(all)) list += text + "\n";
    CAPTURE(list);
    CHECK(has(DifferenceKind::PrimaryKey, "id", "the rowid", "id"));
    CHECK(has(DifferenceKind::RenamedColumn, "sensor", "sensor", "sensr"));
    CHECK(has(DifferenceKind::Type, "value", "REAL", "TEXT"));
    CHECK(has(DifferenceKind::NotNull, "value", "NOT NULL", "NULL allowed"));
    CHECK(has(DifferenceKind::Default, "value", "1.5", "2"));
    CHECK(has(DifferenceKind::NotNull, "note", "NULL allowed", "NOT NULL"));
    CHECK(has(DifferenceKind::Unique, "note", "UNIQUE", ""));
    CHECK(has(DifferenceKind::Unique, "raw", "", "UNIQUE (raw)"));
    CHECK(has(DifferenceKind::Check, "note", "", "note <> 'x'"));
    CHECK(has(DifferenceKind::Check, "value", "BETWEEN", ""));
    CHECK(has(DifferenceKind::Check, "mode, \"m\"", "<> ')'", ""));
    CHECK(has(DifferenceKind::ForeignKey, "device", "device(id) ON DELETE CASCADE", "device(name) ON UPDATE CASCADE"));
    CHECK(has(DifferenceKind::ForeignKey, "note", "", "device("));
    CHECK(has(DifferenceKind::ExtraColumn, "extra", "", "refuses new rows"));
    CHECK(has(DifferenceKind::MissingColumn, "mode, \"m\"", "TEXT", ""));
    CHECK(has(DifferenceKind::MissingIndex, "sensor", "(sensor)", ""));
    CHECK(has(DifferenceKind::MissingIndex, "device, value", "unique", ""));
    CHECK(has(DifferenceKind::ExtraIndex, "device, value", "", "\"two\""));
    CHECK(has(DifferenceKind::ExtraIndex, "value", "", "an expression"));
    CHECK(has(DifferenceKind::Strict, "", "STRICT", "not STRICT"));
    CHECK(pool.queryValue<int>("SELECT count(*) FROM pragma_table_info('reading; \"x\"')") == 8);
  }

  TEST_CASE_FIXTURE(Opened, "a missing table and a view are all that is said of them") {
    CHECK(said(diff<Device>()) == Texts{"missing table: : a table / "});
    pool.run("CREATE VIEW device AS SELECT 1 AS id, 'x' AS name");
    CHECK(said(diff<Device>()) == Texts{"no table: : a table / a view"});
  }

  TEST_CASE_FIXTURE(Opened, "texts that mean the same are no difference") {
    CHECK(deviceDiff("create table DEVICE(ID integer primary key not null, Name text not null unique) strict") ==
          Texts{});
    pool.run("DROP TABLE device");
    pool.run("CREATE TABLE device(id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT");
    pool.run("CREATE UNIQUE INDEX device_by_name ON device(name)");
    CHECK(said(diff<Device>()) == Texts{});
    CHECK(cellDiff("CREATE TABLE cell(amount BIGINT, [column] VARCHAR(9) NOT NULL, row INT NOT NULL,"
                   " PRIMARY KEY(row, [column])) WITHOUT ROWID") == Texts{});
  }

  TEST_CASE_FIXTURE(Opened, "keys and kinds of tables are compared") {
    CHECK(cellDiff("CREATE TABLE cell(row INT NOT NULL, \"column\" TEXT NOT NULL, amount INT,"
                   " PRIMARY KEY(\"column\", row)) STRICT") ==
          Texts{"primary key: row, column: row, column / column, row", "strict: : not STRICT / STRICT",
                "rowid: : WITHOUT ROWID / a rowid"});
    CHECK(cellDiff("CREATE TABLE cell(row INT NOT NULL, \"column\" TEXT NOT NULL, amount INT AS (row),"
                   " PRIMARY KEY(row, \"column\")) WITHOUT ROWID") == Texts{"type: amount: INTEGER / INT, computed"});
    CHECK(deviceDiff("CREATE TABLE device(name TEXT NOT NULL UNIQUE, id INTEGER) STRICT").front() ==
          "not null: id: NOT NULL / NULL allowed");
  }

  TEST_CASE("every kind has a name") {
    for (int kind = 0; kind <= static_cast<int>(DifferenceKind::RowId); ++kind) {
      CHECK(toText(static_cast<DifferenceKind>(kind)) != "?");
    }
  }
}
