// What the library reads of a table's schema.

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <holdfast/table_schema.hpp>

#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : PoolFixture {
  Opened() {
    open();
    pool.run("CREATE TABLE device(name TEXT NOT NULL, site TEXT NOT NULL, PRIMARY KEY(site, name)) WITHOUT ROWID");
    pool.run(
        "CREATE TABLE reading(id INTEGER PRIMARY KEY, site TEXT, device TEXT, value REAL NOT NULL DEFAULT (1.5),"
        " double AS (value * 2), note VARCHAR(10) COLLATE NOCASE UNIQUE,"
        " FOREIGN KEY(site, device) REFERENCES device(site, name) ON DELETE CASCADE ON UPDATE SET NULL)");
    pool.run("CREATE INDEX reading_value ON reading(value DESC, abs(value)) WHERE value > 0");
    pool.run("CREATE TABLE strict(a ANY, b INT NOT NULL UNIQUE) STRICT");
    pool.run("CREATE VIEW latest AS SELECT id, value FROM reading");
  }
  TableSchema read(std::string_view table) {
    auto schema = TableSchema::read(pool, table);
    REQUIRE(schema.has_value());
    return *schema;
  }
};

}  // namespace

TEST_SUITE("repository/table schema") {
  TEST_CASE_FIXTURE(Opened, "columns say all that the file says of them") {
    const TableSchema schema = read("READING");
    CHECK(schema.name == "reading");
    CHECK(schema.kind == TableKind::Table);
    CHECK(schema.hasRowId);
    CHECK_FALSE(schema.isStrict);
    CHECK(schema.hasRowIdKey());
    CHECK(contains(schema.sql, "CREATE TABLE reading"));
    CHECK(schema.columnNames() == std::vector<std::string_view>{"id", "site", "device", "value", "double", "note"});
    const ColumnSchema* value = schema.find("Value");
    REQUIRE(value != nullptr);
    CHECK(value->notNull);
    CHECK(value->defaultValue == "1.5");
    CHECK(value->affinity == ColumnAffinity::Real);
    CHECK(value->keyPosition == 0);
    CHECK(schema.find("double")->isGenerated);
    CHECK(schema.find("note")->declaredType == "VARCHAR(10)");
    CHECK(schema.find("note")->affinity == ColumnAffinity::Text);
    CHECK(schema.find("id")->keyPosition == 1);
    CHECK(schema.find("nothing") == nullptr);
  }

  TEST_CASE_FIXTURE(Opened, "indexes and foreign keys are read with their columns in order") {
    const TableSchema schema = read("reading");
    REQUIRE(schema.indexes.size() == 2);
    const auto created = std::find_if(schema.indexes.begin(), schema.indexes.end(),
                                      [](const IndexSchema& index) { return index.origin == IndexOrigin::Created; });
    REQUIRE(created != schema.indexes.end());
    CHECK(created->name == "reading_value");
    CHECK(created->isPartial);
    CHECK_FALSE(created->isUnique);
    REQUIRE(created->columns.size() == 2);
    CHECK(created->columns[0].name == "value");
    CHECK(created->columns[0].isDescending);
    CHECK(created->columns[1].name.empty());
    const IndexSchema& unique = schema.indexes[created == schema.indexes.begin() ? 1 : 0];
    CHECK(unique.origin == IndexOrigin::Unique);
    CHECK(unique.isUnique);
    CHECK(unique.columns.at(0).collation == "NOCASE");
    REQUIRE(schema.foreignKeys.size() == 1);
    CHECK(schema.foreignKeys[0].table == "device");
    CHECK(schema.foreignKeys[0].columns == std::vector<std::string>{"site", "device"});
    CHECK(schema.foreignKeys[0].referencedColumns == std::vector<std::string>{"site", "name"});
    CHECK(schema.foreignKeys[0].onDelete == "CASCADE");
    CHECK(schema.foreignKeys[0].onUpdate == "SET NULL");
  }

  TEST_CASE_FIXTURE(Opened, "keys of several columns come in the order of the key") {
    const TableSchema schema = read("device");
    CHECK_FALSE(schema.hasRowId);
    CHECK_FALSE(schema.hasRowIdKey());
    REQUIRE(schema.key().size() == 2);
    CHECK(schema.key()[0]->name == "site");
    CHECK(schema.key()[1]->name == "name");
    CHECK(schema.indexes.at(0).origin == IndexOrigin::PrimaryKey);
  }

  TEST_CASE_FIXTURE(Opened, "views and strict tables and missing ones are told apart") {
    CHECK(read("latest").kind == TableKind::View);
    CHECK(read("latest").columns.size() == 2);
    CHECK(read("latest").key().empty());
    const TableSchema strict = read("strict");
    CHECK(strict.isStrict);
    CHECK(strict.find("a")->affinity == ColumnAffinity::Any);
    CHECK(strict.find("b")->affinity == ColumnAffinity::Integer);
    CHECK_FALSE(strict.hasRowIdKey());
    CHECK_FALSE(TableSchema::read(pool, "no such").has_value());
    CHECK_FALSE(TableSchema::read(pool, "").has_value());
    CHECK_FALSE(TableSchema::read(pool, "reading'); DROP TABLE reading; --").has_value());
    CHECK(TableSchema::tableNames(pool) == std::vector<std::string>{"device", "latest", "reading", "strict"});
  }

  TEST_CASE_FIXTURE(Opened, "names with anything in them are read") {
    pool.run("CREATE TABLE \"a 'b'; \"\"c\"\"\"(\"x; --\" INTEGER PRIMARY KEY DESC)");
    const TableSchema schema = read("a 'b'; \"c\"");
    CHECK(schema.columns.at(0).name == "x; --");
    CHECK_FALSE(schema.hasRowIdKey());  // Of SQLite's old oddities: with DESC it is no rowid.
  }

  TEST_CASE_FIXTURE(Opened, "the schema's version changes with the schema and not with rows") {
    const std::int64_t before = schemaVersion(pool);
    pool.run("INSERT INTO strict(b) VALUES (1)");
    CHECK(schemaVersion(pool) == before);
    pool.run("ALTER TABLE strict ADD COLUMN c TEXT");
    CHECK(schemaVersion(pool) != before);
    CHECK(read("strict").find("c") != nullptr);
  }

  TEST_CASE_FIXTURE(Opened, "a transaction sees the tables that it has made") {
    pool.transaction([](Transaction& tx) {
      tx.run("CREATE TABLE inside(a)");
      CHECK(TableSchema::read(tx, "inside").has_value());
      tx.rollback();
    });
    CHECK_FALSE(TableSchema::read(pool, "inside").has_value());
  }

  TEST_CASE("affinities follow SQLite's rules") {
    using detail::affinityOf;
    CHECK(affinityOf("BIGINT", false) == ColumnAffinity::Integer);
    CHECK(affinityOf("CHARINT", false) == ColumnAffinity::Integer);
    CHECK(affinityOf("clob", false) == ColumnAffinity::Text);
    CHECK(affinityOf("", false) == ColumnAffinity::Any);
    CHECK(affinityOf("BLOB", true) == ColumnAffinity::Bytes);
    CHECK(affinityOf("double precision", false) == ColumnAffinity::Real);
    CHECK(affinityOf("DECIMAL(10,5)", false) == ColumnAffinity::Numeric);
    CHECK(affinityOf("ANY", false) == ColumnAffinity::Numeric);
    CHECK(affinityOf("ANY", true) == ColumnAffinity::Any);
    CHECK(toText(ColumnAffinity::Bytes) == "BLOB");
  }
}
