// Queries that are put together at run time.

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

namespace {

/// Three devices, the last without readings; readings 1 to 6 of value 10 to 60, the last of no device.
struct Opened : PoolFixture {
  Opened() {
    open();
    pool.run("CREATE TABLE device(id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
    pool.run("CREATE TABLE reading(id INTEGER PRIMARY KEY, device_id INTEGER, sensor TEXT, value REAL, raw BLOB)");
    pool.run("INSERT INTO device VALUES (1, 'boiler'), (2, 'pump'), (3, 'idle')");
    pool.run(
        "INSERT INTO reading VALUES (1, 1, 'a', 10, x'00ff'), (2, 1, 'b', 20, NULL), (3, 2, 'a', 30, NULL),"
        " (4, 2, 'b', 40, NULL), (5, 2, NULL, 50, NULL), (6, NULL, 'c', 60, NULL)");
  }
  QueryBuilder query() { return QueryBuilder(pool); }
  QueryBuilder readings() { return QueryBuilder(pool).select({"id"}).from("reading").orderBy("id"); }
  static std::string ids(const Rows& rows) {
    std::string text;
    for (const Row& row : rows) text.append(text.empty() ? "" : " ").append(std::to_string(row.get<std::int64_t>(0)));
    return text;
  }
  std::string refusal(QueryBuilder builder) {
    const auto error = errorOf([&] { builder.fetch(); });
    if (!error) return "none";
    CHECK(error->code() == ErrorCode::InvalidArgument);
    return error->what();
  }
};

}  // namespace

TEST_SUITE("repository/query builder") {
  TEST_CASE_FIXTURE(Opened, "the query of the tour runs as it is written there") {
    const int since = 2;
    auto rows = QueryBuilder(pool)
                    .select({"sensor", "avg(value)"_expr})
                    .from("reading")
                    .where("id", Operator::GreaterOrEqual, since)
                    .whereNotNull("sensor")
                    .groupBy("sensor")
                    .orderBy("sensor", Order::Ascending)
                    .limit(10)
                    .timeout(2s)
                    .fetch();
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].get<std::string>("sensor") == "a");
    CHECK(rows[0].get<double>(1) == 30);
    CHECK(rows[1].get<double>(1) == 30);
    CHECK(rows[2].get<double>(1) == 60);
  }

  TEST_CASE_FIXTURE(Opened, "each operator finds what it says") {
    CHECK(ids(readings().where("value", Operator::Equal, 20).fetch()) == "2");
    CHECK(ids(readings().where("value", Operator::NotEqual, 20).fetch()) == "1 3 4 5 6");
    CHECK(ids(readings().where("value", Operator::Less, 20).fetch()) == "1");
    CHECK(ids(readings().where("value", Operator::LessOrEqual, 20).fetch()) == "1 2");
    CHECK(ids(readings().where("value", Operator::Greater, 50).fetch()) == "6");
    CHECK(ids(readings().where("value", Operator::GreaterOrEqual, 50).fetch()) == "5 6");
    CHECK(ids(readings().where("sensor", Operator::Like, "A%").fetch()) == "1 3");
    CHECK(ids(readings().where("sensor", Operator::Glob, "[bc]").fetch()) == "2 4 6");
    CHECK(ids(readings().whereNull("device_id").fetch()) == "6");
    CHECK(ids(readings().whereNotNull("sensor").fetch()) == "1 2 3 4 6");
    CHECK(ids(readings().whereBetween("value", 20, 40).fetch()) == "2 3 4");
    CHECK(ids(readings().whereIn("id", {2, 4, 99}).fetch()) == "2 4");
    CHECK(ids(readings().whereNotIn("id", {2, 4}).fetch()) == "1 3 5 6");
    CHECK(ids(readings().whereColumn("id", Operator::Greater, "device_id").fetch()) == "2 3 4 5");
    CHECK(ids(readings().where("value % 20"_expr, Operator::Equal, 0).fetch()) == "2 4 6");
    CHECK(ids(readings().where("id", Operator::Greater, 1).where("id", Operator::Less, 4).fetch()) == "2 3");
  }

  TEST_CASE_FIXTURE(Opened, "groups of conditions keep together") {
    const Condition ends = Condition::compare("id", Operator::Equal, 1) || Condition::compare("id", Operator::Equal, 6);
    CHECK(ids(readings().where(ends).where("value", Operator::Greater, 10).fetch()) == "6");
    CHECK(ids(readings().where(!ends).fetch()) == "2 3 4 5");
  }

  TEST_CASE_FIXTURE(Opened, "lists of every size are one of the values and an empty one is none") {
    CHECK(readings().whereIn("id", {}).fetch().empty());
    CHECK(ids(readings().whereNotIn("id", {}).fetch()) == "1 2 3 4 5 6");
    std::vector<Value> many;
    for (int i = 3; i < kLongList; ++i) many.emplace_back(i);
    CHECK(ids(readings().whereIn("id", many).fetch()) == "3 4 5 6");
    std::vector<Value> texts;
    for (int i = 0; i < kLongList; ++i) texts.emplace_back("x'" + std::to_string(i));
    texts.emplace_back("c");
    CHECK(ids(readings().whereIn("sensor", texts).fetch()) == "6");
  }

  TEST_CASE_FIXTURE(Opened, "tables are joined by columns and by conditions and under other names") {
    auto joined = query().select({"reading.id", Term("device.name").as("device")}).from("reading");
    const Rows inner =
        QueryBuilder(joined).join("device", "device.id", "reading.device_id").orderBy("reading.id").fetch();
    CHECK(ids(inner) == "1 2 3 4 5");
    CHECK(inner[0].get<std::string>("device") == "boiler");
    CHECK(inner.columns() == ColumnNames{"id", "device"});
    const Rows left =
        QueryBuilder(joined).leftJoin("device", "device.id", "reading.device_id").orderBy("reading.id").fetch();
    CHECK(ids(left) == "1 2 3 4 5 6");
    CHECK(left[5].at("device").isNull());
    const Condition sameAndHot =
        Condition::compare(Expression::column("r", "device_id"), Operator::Equal, Expression::column("d", "id")) &&
        Condition::compare(Expression::column("r", "value"), Operator::Greater, 15);
    CHECK(ids(query().select({"r.id"}).from("reading", "r").join("device", sameAndHot, "d").orderBy("r.id").fetch()) ==
          "2 3 4 5");
    const Rows all = query()
                         .select({"d.id", "count(r.id)"_expr.as("n")})
                         .from("device", "d")
                         .leftJoin("reading",
                                   Condition::compare(Expression::column("r", "device_id"), Operator::Equal,
                                                      Expression::column("d", "id")),
                                   "r")
                         .groupBy("d.id")
                         .having("count(r.id)"_expr, Operator::LessOrEqual, 2)
                         .orderBy("d.id")
                         .fetch();
    CHECK(ids(all) == "1 3");
    CHECK(query()
              .select({"sensor"})
              .from("reading")
              .groupBy("sensor")
              .having(Condition::compare("count(*)"_expr, Operator::Greater, 1))
              .fetch()
              .size() == 2);
    CHECK(all[1].get<int>("n") == 0);
  }

  TEST_CASE_FIXTURE(Opened, "rows are sorted and cut and told apart") {
    CHECK(ids(query().select({"id"}).from("reading").orderBy("sensor").orderBy("id", Order::Descending).fetch()) ==
          "5 3 1 4 2 6");
    CHECK(ids(readings().limit(2).offset(3).fetch()) == "4 5");
    CHECK(ids(readings().offset(4).fetch()) == "5 6");
    CHECK(readings().limit(0).fetch().empty());
    CHECK(query().select({"device_id"}).distinct().from("reading").fetch().size() == 3);
    CHECK(query().from("device").fetch().columns() == ColumnNames{"id", "name"});
    CHECK(query().select({"d.*", "1 + 1"_expr.as("two")}).from("device", "d").fetch().columns() ==
          ColumnNames{"id", "name", "two"});
    CHECK(codeOf([&] { readings().limit(-1); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { readings().offset(-1); }) == ErrorCode::InvalidArgument);
  }

  TEST_CASE_FIXTURE(Opened, "one row and counts and streams are the same query") {
    CHECK(readings().where("id", Operator::Equal, 3).fetchOne()->get<int>("id") == 3);
    CHECK_FALSE(readings().where("id", Operator::Equal, 99).fetchOne().has_value());
    CHECK(readings().exists());
    CHECK_FALSE(readings().where("id", Operator::Equal, 99).exists());
    CHECK(query().from("reading").count() == 6);
    CHECK(query().from("reading").whereNotNull("sensor").count() == 5);
    CHECK(query().select({"sensor"}).distinct().from("reading").count() == 4);
    CHECK(query().select({"max(id)"_expr}).from("reading").groupBy("sensor").count() == 4);
    CHECK(query().select({"max(id)"_expr}).from("reading").count() == 1);
    CHECK(readings().limit(2).count() == 2);
    CHECK(query().from("reading").join("device", "device.id", "reading.device_id").count() == 5);
    int seen = 0;
    readings().forEach([&seen](const RowView& row) { return ++seen < 3 && row.get<int>(0) > 0; });
    CHECK(seen == 3);
  }

  TEST_CASE_FIXTURE(Opened, "the same calls make the same text") {
    const auto text = [&](int n) {
      return readings()
          .where("value", Operator::Less, n)
          .whereIn("id", std::vector<Value>(20 + std::size_t(n), 1))
          .limit(n)
          .text();
    };
    CHECK(text(1) == text(500));
    CHECK(text(1) ==
          "SELECT \"id\" FROM \"reading\" WHERE (\"value\" < ?) AND (\"id\" IN (SELECT value FROM "
          "json_each(?))) ORDER BY \"id\" LIMIT ? OFFSET ?");
  }

  TEST_CASE_FIXTURE(Opened, "an unknown name is refused with the nearest that there is") {
    CHECK(contains(refusal(query().from("readings")), "there is no table \"readings\"; did you mean \"reading\"?"));
    CHECK(contains(refusal(query().select({"sensr"}).from("reading")),
                   "there is no column \"sensr\" in \"reading\"; did you mean \"sensor\"?"));
    CHECK(contains(refusal(query().from("reading").where("valeu", Operator::Equal, 1)), "did you mean \"value\"?"));
    CHECK(contains(refusal(query().from("reading").where(Condition::isNull("devise_id"))), "\"device_id\"?"));
    CHECK(contains(refusal(query().from("reading").groupBy("zzzzz")), "there is no column \"zzzzz\""));
    CHECK(contains(refusal(query().from("reading").orderBy("sensor2")), "\"sensor\"?"));
    CHECK(contains(refusal(query().from("reading").join("divice", "divice.id", "reading.device_id")), "\"device\"?"));
    CHECK(contains(refusal(query().from("reading").join("device", "device.idd", "reading.device_id")), "device.idd"));
    CHECK(contains(refusal(query().select({"r.nam"}).from("device", "r")), "did you mean \"name\"?"));
    CHECK(contains(refusal(query().select({"id"}).from("reading").join("device", "device.id", "device_id")),
                   "is in several tables"));
    CHECK(contains(refusal(query().from("readings")), "fetch of readings"));
  }

  TEST_CASE_FIXTURE(Opened, "a view that is broken says what is missing") {
    pool.run("CREATE VIEW broken AS SELECT gone FROM device");
    const auto error = errorOf([&] { query().from("broken").fetch(); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::InvalidSql);  // The name is not the query's own.
    CHECK(contains(error->what(), "gone"));
    CHECK(contains(refusal(query().select({"idd"}).from("device")), "did you mean \"id\"?"));
    CHECK(contains(refusal(query().from("devise")), "did you mean \"device\"?"));
    pool.run("CREATE VIEW lost AS SELECT 1 FROM vanished");
    CHECK(contains(refusal(query().from("lost")), "there is no table \"vanished\""));
  }

  TEST_CASE_FIXTURE(Opened, "SQL in names is a name") {
    CHECK(contains(refusal(query().from("reading; DROP TABLE reading")), "there is no table"));
    CHECK(contains(refusal(query().select({"id\" FROM device; --"}).from("reading")), "there is no column"));
    CHECK(contains(refusal(query().from("reading").orderBy("id; DELETE FROM reading")), "there is no column"));
    CHECK(contains(refusal(query().from("reading").where("1=1 OR id", Operator::Equal, 1)), "there is no column"));
    CHECK(contains(refusal(query().from("reading").groupBy("'x'")), "there is no column"));
    CHECK(codeOf([&] { query().from(""); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { query().select({std::string("a\0b", 3)}); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { query().select({"."}); }) == ErrorCode::InvalidArgument);
    CHECK(query().from("reading").count() == 6);
    const Rows rows = query().from("device").where("name", Operator::Equal, "x' OR '1'='1").fetch();
    CHECK(rows.empty());
  }

  TEST_CASE_FIXTURE(Opened, "names with quotes and dots and semicolons in them can be used") {
    pool.run("CREATE TABLE \"a \"\"b\"\"; c\"(\"x.y\" INT, \"sel;ect\" TEXT)");
    pool.run("INSERT INTO \"a \"\"b\"\"; c\" VALUES (7, 'q')");
    const Rows rows = query()
                          .select({Expression::column("x.y"), "sel;ect"})
                          .from("a \"b\"; c")
                          .where(Expression::column("x.y"), Operator::Equal, 7)
                          .fetch();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].get<int>("x.y") == 7);
  }

  TEST_CASE_FIXTURE(Opened, "what is no query is refused before it runs") {
    CHECK(contains(refusal(query()), "no table is named"));
    CHECK(contains(refusal(query().from("reading").returning({"id"})), "returning()"));
    CHECK(codeOf([&] { query().from("reading").from("device"); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { query().from("reading").join("device", Condition()); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { query().where("id", Operator::Equal, nullptr); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { query().select({"avg("_expr}).from("reading").fetch(); }) == ErrorCode::InvalidSql);
    CHECK(codeOf([&] { query().from("reading").include("d", {.table = "device"}).fetch(); }) ==
          ErrorCode::InvalidArgument);
  }

  TEST_CASE_FIXTURE(Opened, "a query in a transaction sees what that has done") {
    pool.transaction([&](Transaction& tx) {
      tx.run("DELETE FROM reading WHERE id > 2");
      CHECK(QueryBuilder(tx).from("reading").count() == 2);
      CHECK(query().from("reading").transacting(tx).count() == 2);
      CHECK(codeOf([&] { query().from("reading").transacting(tx).timeout(1s).count(); }) == ErrorCode::InvalidArgument);
      CHECK(codeOf([&] { QueryBuilder(tx).from("reeding").count(); }) == ErrorCode::InvalidArgument);
      CHECK(QueryBuilder(tx).from("reading").count() == 2);
      tx.rollback();
    });
    pool.read([](ReadTransaction& snapshot) { CHECK(QueryBuilder(snapshot).from("reading").count() == 6); });
    PooledConnection lease = pool.acquire(Access::Read);
    CHECK(QueryBuilder(*lease).from("reading").count() == 6);
  }

  TEST_CASE_FIXTURE(Opened, "a query ends at its timeout") {
    auto endless = query().select({"count(*)"_expr}).from("reading", "a");
    for (const char* alias : {"b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}) {
      endless.join("reading", Condition::raw("1"), alias);
    }
    CHECK(codeOf([&] { endless.timeout(20ms).fetch(); }) == ErrorCode::Timeout);
  }
}
