// Writes that are put together at run time, and rows with related ones.

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/query_builder.hpp>

#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

struct Opened : PoolFixture {
  Opened() {
    open();
    pool.run("CREATE TABLE device(id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'new', count INT DEFAULT 0)");
    pool.run("CREATE TABLE reading(id INTEGER PRIMARY KEY, device_id INTEGER, value REAL, raw BLOB)");
  }
  QueryBuilder devices() { return QueryBuilder(pool).table("device"); }
  void fill() {
    devices().insertMany({{{"id", 1}, {"name", "boiler"}}, {{"id", 2}, {"name", "pump"}}, {{"id", 3}}});
    QueryBuilder(pool).table("reading").insertMany({{{"id", 1}, {"device_id", 1}, {"value", 1.5}},
                                                    {{"id", 2}, {"device_id", 1}, {"value", 2.5}},
                                                    {{"id", 3}, {"device_id", 2}, {"raw", Blob(2)}},
                                                    {{"id", 4}, {"device_id", nullptr}},
                                                    {{"id", 5}, {"device_id", 77}}});
  }
  std::string all() {
    return RawSqlite(config.database)
        .text("SELECT coalesce(group_concat(id || name || count, ' '), '') FROM (SELECT * FROM device ORDER BY id)");
  }
};

}  // namespace

TEST_SUITE("repository/query builder writes") {
  TEST_CASE_FIXTURE(Opened, "a row is added with what is given and defaults for the rest") {
    const WriteResult first = devices().insert({{"name", "a"}, {"count", 5}});
    CHECK(first.changes == 1);
    CHECK(first.lastInsertRowId == 1);
    CHECK(devices().insert({}).lastInsertRowId == 2);
    const WriteResult third = devices()
                                  .returning({"id", "name", "count * 2"_expr.as("twice")})
                                  .insert({{"name", "it's; --"}, {"count", Expression::raw("? + 1", {20})}});
    REQUIRE(third.rows.size() == 1);
    CHECK(third.rows[0].get<int>("id") == 3);
    CHECK(third.rows[0].get<std::string>("name") == "it's; --");
    CHECK(third.rows[0].get<int>("twice") == 42);
    CHECK(all() == "1a5 2new0 3it's; --21");
  }

  TEST_CASE_FIXTURE(Opened, "many rows are added by one transaction or none of them is") {
    std::vector<ColumnValues> rows;
    for (int i = 1; i <= 1000; ++i) rows.push_back({{"id", i}, {"name", "n" + std::to_string(i)}});
    CHECK(devices().insertMany(rows).changes == 1000);
    CHECK(devices().insertMany({}).changes == 0);
    CHECK(codeOf([&] { devices().insertMany({{{"id", 5000}}, {{"id", 7}}}); }) == ErrorCode::Constraint);
    CHECK(devices().count() == 1000);
    const WriteResult more = devices().returning({"id"}).insertMany({{{"name", "x"}}, {{"count", 1}}, {}});
    REQUIRE(more.rows.size() == 3);
    CHECK(more.rows[2].get<int>("id") == 1003);
    pool.transaction([&](Transaction& tx) {
      CHECK(QueryBuilder(tx).table("device").insertMany({{{"id", 2001}}, {{"id", 2002}}}).changes == 2);
      CHECK(codeOf([&] {
              QueryBuilder(tx).table("device").insertMany({{{"id", 2003}}, {{"id", 7}}});
            }) == ErrorCode::Constraint);
    });
    CHECK(devices().where("id", Operator::Greater, 2000).count() == 2);
    PooledConnection lease = pool.acquire(Access::Write);
    CHECK(codeOf([&] {
            QueryBuilder(*lease).table("device").insertMany({{{"id", 1}}, {{"id", 2}}});
          }) == ErrorCode::InvalidArgument);
    CHECK(QueryBuilder(*lease).table("device").insertMany({{{"id", 3001}}}).changes == 1);
  }

  TEST_CASE_FIXTURE(Opened, "rows are changed and removed by condition") {
    fill();
    CHECK(
        devices().where("id", Operator::LessOrEqual, 2).update({{"name", "x"}, {"count", "count + 3"_expr}}).changes ==
        2);
    CHECK(all() == "1x3 2x3 3new0");
    const WriteResult changed = devices().where("id", Operator::Equal, 3).returning({"*"}).update({{"count", nullptr}});
    REQUIRE(changed.rows.size() == 1);
    CHECK(changed.rows[0].at("count").isNull());
    CHECK(devices().everyRow().update({{"count", 9}}).changes == 3);
    const WriteResult removed = devices().whereIn("id", {1, 3}).returning({"id"}).timeout(5s).remove();
    CHECK(removed.changes == 2);
    CHECK(removed.rows.size() == 2);
    CHECK(all() == "2x9");
    CHECK(devices().where("id", Operator::Equal, 99).remove().changes == 0);
    CHECK(devices().everyRow().remove().changes == 1);
  }

  TEST_CASE_FIXTURE(Opened, "writes inside of a transaction end with it") {
    fill();
    pool.transaction([&](Transaction& tx) {
      devices().transacting(tx).insert({{"id", 10}});
      devices().transacting(tx).everyRow().update({{"name", "z"}});
      CHECK(devices().transacting(tx).returning({"id"}).where("id", Operator::Equal, 1).remove().rows.size() == 1);
      tx.rollback();
    });
    CHECK(all() == "1boiler0 2pump0 3new0");
  }

  TEST_CASE_FIXTURE(Opened, "writes that are meant for something else are refused and nothing has changed") {
    fill();
    const auto refused = [&](auto write) {
      const auto error = errorOf([&] { write(devices()); });
      CHECK(error.has_value());
      if (error) CHECK(error->code() == ErrorCode::InvalidArgument);
      return error ? std::string(error->what()) : std::string();
    };
    CHECK(contains(refused([](QueryBuilder d) { d.update({{"name", "x"}}); }), "everyRow()"));
    CHECK(contains(refused([](QueryBuilder d) { d.remove(); }), "everyRow()"));
    CHECK(contains(refused([](QueryBuilder d) { d.everyRow().update({}); }), "update of nothing"));
    CHECK(contains(refused([](QueryBuilder d) { d.everyRow().update({{"name", "x"}, {"name", "y"}}); }), "twice"));
    CHECK(contains(refused([](QueryBuilder d) { d.everyRow().limit(1).remove(); }), "nothing else"));
    CHECK(contains(refused([](QueryBuilder d) { d.where("id", Operator::Equal, 1).insert({{"id", 9}}); }), "insert()"));
    CHECK(contains(refused([](QueryBuilder d) {
                     d.orderBy("id").everyRow().update({{"name", "x"}});
                   }),
                   "nothing else"));
    CHECK(contains(refused([](QueryBuilder d) { d.insert({{"nme", "x"}}); }), "did you mean \"name\"?"));
    CHECK(contains(refused([](QueryBuilder d) { d.everyRow().update({{"coutn", 1}}); }), "did you mean \"count\"?"));
    CHECK(contains(refused([](QueryBuilder d) { d.returning({"idd"}).insert({}); }), "did you mean \"id\"?"));
    CHECK(contains(refused([](QueryBuilder d) { d.everyRow().update({{"name\" = 'x'; --", 1}}); }), "no column"));
    CHECK(contains(refused([&](QueryBuilder) { QueryBuilder(pool).insert({}); }), "no table"));
    CHECK(codeOf([&] { devices().insert({{"name", nullptr}}); }) == ErrorCode::Constraint);
    CHECK(all() == "1boiler0 2pump0 3new0");
  }

  TEST_CASE_FIXTURE(Opened, "returned integers stay integers and views are not written") {
    pool.run("CREATE TABLE first(r REAL, n INTEGER, t TEXT)");  // SQLite 3.40 returns n as a fraction.
    for (const std::vector<Term>& terms : {std::vector<Term>{"*"}, std::vector<Term>{"n", "first.r"}}) {
      const WriteResult made =
          QueryBuilder(pool).table("first").returning(terms).insert({{"r", 5.0}, {"n", 9007199254740993}});
      CHECK(made.rows[0].get<std::int64_t>("n") == 9007199254740993);
      CHECK(made.rows[0].get<double>("r") == 5);
    }
    pool.run("CREATE VIEW names AS SELECT id, name FROM device");
    CHECK(codeOf([&] {
            QueryBuilder(pool).table("names").returning({"id"}).insert({{"name", "x"}});
          }) == ErrorCode::InvalidArgument);
    CHECK(errorOf([&] { QueryBuilder(pool).table("names").insert({{"name", "x"}}); }).has_value());
    pool.run("CREATE TRIGGER written INSTEAD OF INSERT ON names BEGIN INSERT INTO device(name) VALUES (new.name); END");
    CHECK(QueryBuilder(pool).table("names").returning({"name"}).insert({{"name", "x"}}).rows.size() == 1);
    CHECK(all() == "1x0");
  }

  TEST_CASE_FIXTURE(Opened, "rows become objects with their blobs as base64") {
    fill();
    const json found = QueryBuilder(pool).from("reading").whereIn("id", {2, 3}).orderBy("id").fetchJson();
    CHECK(found == json::parse(R"([{"id":2,"device_id":1,"value":2.5,"raw":null},
                                   {"id":3,"device_id":2,"value":null,"raw":{"$blob":"AAA="}}])"));
    CHECK(devices().where("id", Operator::Equal, 99).fetchJson() == json::array());
    CHECK(codeOf([&] {
            QueryBuilder(pool).from("reading").join("device", "device.id", "reading.device_id").fetchJson();
          }) == ErrorCode::InvalidArgument);
    pool.run("UPDATE device SET name = CAST(x'ff' AS TEXT)");
    CHECK(codeOf([&] { devices().fetchJson(); }) == ErrorCode::TypeMismatch);
  }

  TEST_CASE_FIXTURE(Opened, "related rows come by one query each and as of one moment") {
    fill();
    const json readings = QueryBuilder(pool)
                              .select({"id", "device_id"})
                              .from("reading")
                              .orderBy("id")
                              .include("device", {.table = "device", .foreignKey = "device_id", .select = {"name"}})
                              .fetchJson();
    CHECK(readings == json::parse(R"([{"id":1,"device_id":1,"device":{"name":"boiler"}},
                                      {"id":2,"device_id":1,"device":{"name":"boiler"}},
                                      {"id":3,"device_id":2,"device":{"name":"pump"}},
                                      {"id":4,"device_id":null,"device":null},
                                      {"id":5,"device_id":77,"device":null}])"));
    const JsonInclude owned{
        .table = "reading", .foreignKey = "device_id", .many = true, .select = {"id"}, .orderBy = "id"};
    const json all = devices().select({"id"}).orderBy("id").include("readings", owned).timeout(5s).fetchJson();
    CHECK(all == json::parse(R"([{"id":1,"readings":[{"id":1},{"id":2}]},{"id":2,"readings":[{"id":3}]},
                                 {"id":3,"readings":[]}])"));
    CHECK(devices().where("id", Operator::Greater, 99).include("readings", owned).fetchJson() == json::array());
    pool.transaction([&](Transaction& tx) {
      tx.run("DELETE FROM reading WHERE id < 3");
      const json now = devices().transacting(tx).where("id", Operator::Equal, 1).include("r", owned).fetchJson();
      CHECK(now.at(0).at("r") == json::array());
      tx.rollback();
    });
  }

  TEST_CASE_FIXTURE(Opened, "an include that cannot be is refused") {
    fill();
    const auto refused = [&](std::string_view name, JsonInclude include) {
      return codeOf([&] { devices().select({"id", "name"}).include(name, std::move(include)).fetchJson(); });
    };
    CHECK(refused("", {.table = "reading"}) == ErrorCode::InvalidArgument);
    CHECK(refused("r", {}) == ErrorCode::InvalidArgument);
    CHECK(refused("r", {.table = "reading", .foreignKey = "count"}) == ErrorCode::InvalidArgument);
    CHECK(refused("name", {.table = "reading", .foreignKey = "device_id", .many = true}) == ErrorCode::InvalidArgument);
    CHECK(refused("r", {.table = "redding", .foreignKey = "id"}) == ErrorCode::InvalidArgument);
    CHECK(refused("r", {.table = "reading", .foreignKey = "devise", .many = true}) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { devices().include("r", {}).include("r", {}); }) == ErrorCode::InvalidArgument);
  }
}
