// Tables without a struct: records are JSON objects.

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/json_repository.hpp>

#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

struct Opened : PoolFixture {
  Opened() {
    open();
    pool.run(
        "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL, stock INTEGER NOT NULL DEFAULT 1,"
        " raw BLOB, any ANY, tags TEXT, double INTEGER AS (stock * 2)) STRICT");
    pool.run("CREATE TABLE cell(row INT, col TEXT, text TEXT, PRIMARY KEY(row, col)) WITHOUT ROWID");
    pool.run("CREATE TABLE loose(code TEXT PRIMARY KEY, free, amount DECIMAL(10,2), doc JSON, flag BOOLEAN)");
    pool.run("CREATE TABLE keyless(a INT)");
  }
  JsonRepository items{pool, "item", {.jsonColumns = {"tags"}}};
  JsonRepository cells{pool, "cell"};
  JsonRepository loose{pool, "loose"};

  std::string refusal(const json& record) {
    const std::int64_t before = items.count();
    const auto error = errorOf([&] { items.create(record); });
    CHECK(items.count() == before);
    if (!error) return "none";
    CHECK(error->code() == ErrorCode::InvalidArgument);
    return error->what();
  }
};

const json kFull = json::parse(R"({"id":7,"name":"a","price":1.5,"stock":3,"raw":{"$blob":"AP8="},"any":"x",
                                   "tags":["a",{"b":1}]})");

}  // namespace

TEST_SUITE("repository/json repository") {
  TEST_CASE_FIXTURE(Opened, "a record comes back with its key and its defaults") {
    const json made = items.create({{"name", "bolt"}});
    CHECK(made == json::parse(R"({"id":1,"name":"bolt","price":null,"stock":1,"raw":null,"any":null,"tags":null,
                                  "double":2})"));
    CHECK(items.findById(1) == made);
    json full = items.create(kFull);
    full.erase("double");
    CHECK(full == kFull);
    CHECK(RawSqlite(config.database).text("SELECT tags FROM item WHERE id = 7") == R"(["a",{"b":1}])");
    CHECK(RawSqlite(config.database).text("SELECT hex(raw) FROM item WHERE id = 7") == "00FF");
    CHECK_FALSE(items.findById(99).has_value());
    CHECK(items.exists(7));
    CHECK_FALSE(items.exists(8));
    CHECK(items.schema().name == "item");
  }

  TEST_CASE_FIXTURE(Opened, "values keep their types on the way") {
    for (const json& value : {json(nullptr), json(1), json(1.25), json("text"), json(""), json::parse("[1]"),
                              json(std::numeric_limits<std::int64_t>::min()), json::parse(R"({"$blob":""})")}) {
      CAPTURE(value.dump());
      const json made = items.create({{"name", "x"}, {"any", value}});
      const json stored = value.is_array() ? json(value.dump()) : value;
      CHECK(made.at("any") == stored);
      CHECK(made.at("any").type() == stored.type());
    }
    CHECK(items.create({{"name", "x"}, {"stock", true}}).at("stock") == 1);
    CHECK(items.create({{"name", "x"}, {"stock", 5.0}}).at("stock") == 5);
    CHECK(items.create({{"name", "x"}, {"price", 5}}).at("price").is_number_float());
    CHECK(items.create({{"name", json{{"a", 1}}}}).at("name") == R"({"a":1})");
    CHECK(items.create({{"name", "x"}, {"raw", json::binary({1, 2})}}).at("raw") == json{{"$blob", "AQI="}});
    CHECK(items.create({{"name", "x"}, {"tags", "text"}}).at("tags") == "text");
    CHECK(items.create({{"name", "x"}, {"id", nullptr}}).at("id").is_number_integer());
    const json doc =
        loose.create({{"code", "k"}, {"free", 1.5}, {"amount", "12,50"}, {"doc", {{"a", 1}}}, {"flag", true}});
    CHECK(doc == json::parse(R"({"code":"k","free":1.5,"amount":"12,50","doc":{"a":1},"flag":1})"));
  }

  TEST_CASE_FIXTURE(Opened, "a record that does not fit is refused by table and column and key") {
    items.create(kFull);
    CHECK(contains(refusal({{"id", 9}, {"nmae", "x"}}),
                   "there is no column \"nmae\" of \"item\" (id=9); did you mean "
                   "\"name\"?"));
    CHECK(contains(refusal({{"id", 9}}), "column \"name\" of \"item\" (id=9) is missing"));
    CHECK(contains(refusal({{"name", nullptr}}), "takes no null"));
    CHECK(contains(refusal({{"name", 5}}), "column \"name\" of \"item\" takes a text"));
    CHECK(contains(refusal({{"name", "x"}, {"price", "5"}}), "takes a number"));
    CHECK(contains(refusal({{"name", "x"}, {"price", std::numeric_limits<double>::quiet_NaN()}}), "NaN"));
    CHECK(contains(refusal({{"name", "x"}, {"stock", "5"}}), "takes an integer"));
    CHECK(contains(refusal({{"name", "x"}, {"stock", 1.5}}), "fraction"));
    CHECK(contains(refusal({{"name", "x"}, {"stock", 1e300}}), "out of range"));
    CHECK(contains(refusal({{"name", "x"}, {"stock", std::numeric_limits<std::uint64_t>::max()}}), "out of range"));
    CHECK(contains(refusal({{"name", "x"}, {"stock", {{"a", 1}}}}), "takes an integer"));
    CHECK(contains(refusal({{"name", "x"}, {"raw", "text"}}), "takes a blob"));
    CHECK(contains(refusal({{"name", "x"}, {"raw", {{"$blob", "!"}}}}), "no base64"));
    CHECK(contains(refusal({{"name", "x"}, {"raw", {{"$blob", ""}, {"b", 1}}}}), "nothing beside it"));
    CHECK(contains(refusal({{"name", {{"$blob", ""}}}}), "not a blob"));
    CHECK(contains(refusal({{"name", "\xff"}}), "UTF-8"));
    CHECK(contains(refusal({{"name", "x"}, {"tags", "\xff"}}), "UTF-8"));
    json deep = json::array();
    for (int i = 0; i < 1000; ++i) deep = json::array({std::move(deep)});
    CHECK(contains(refusal({{"name", "x"}, {"tags", deep}}), "1000 levels"));
    CHECK(items.create({{"name", "x"}, {"tags", deep.at(0)}}).at("tags") == deep.at(0));
    CHECK(contains(refusal({{"name", "x"}, {"double", 4}}), "computed"));
    CHECK(contains(refusal({{"name", "x"}, {"NAME", "y"}}), "twice"));
    CHECK(contains(refusal({{"name", "x"}, {"name\"); DROP TABLE item; --", 1}}), "there is no column"));
    CHECK(contains(refusal(json::array()), "is a JSON object"));
    CHECK(contains(refusal(nullptr), "is a JSON object"));
    CHECK_FALSE(contains(refusal({{"id", 9}, {"name", "secret"}, {"price", "hidden"}}), "hidden"));
    CHECK(codeOf([&] { items.create(kFull); }) == ErrorCode::Constraint);
  }

  TEST_CASE_FIXTURE(Opened, "records are found by condition and sorted and cut") {
    for (int i = 1; i <= 5; ++i)
      items.create({{"name", std::string(1, static_cast<char>('a' + i))}, {"stock", i * 10}});
    const auto found = items.findMany({.select = {"id", "stock"},
                                       .where = Condition::compare("stock", Operator::Greater, 10),
                                       .orderBy = {{"stock", Order::Descending}, {"id"}},
                                       .limit = 2,
                                       .offset = 1,
                                       .timeout = 5s});
    CHECK(json(found) == json::parse(R"([{"id":4,"stock":40},{"id":3,"stock":30}])"));
    CHECK(items.findOne({.orderBy = {{"id", Order::Descending}}})->at("id") == 5);
    CHECK_FALSE(items.findOne({.where = Condition::in("id", {})}).has_value());
    CHECK(items.findMany().size() == 5);
    CHECK(items.count({.where = Condition::between("id", 2, 3)}) == 2);
    int seen = 0;
    items.forEach({}, [&seen](const json& record) { return ++seen < 3 && record.contains("id"); });
    CHECK(seen == 3);
    CHECK_THROWS_AS(items.forEach({}, [](const json&) -> bool { throw std::runtime_error("mine"); }),
                    std::runtime_error);
    seen = 0;
    CHECK(codeOf([&] {
            items.forEach({}, [&seen](const json&) -> bool {
              ++seen;
              throw Error(ErrorCode::InvalidArgument, "mine");
            });
          }) == ErrorCode::InvalidArgument);
    CHECK(seen == 1);
    const auto error = errorOf([&] { items.findMany({.where = Condition::isNull("stok")}); });
    REQUIRE(error.has_value());
    CHECK(contains(error->what(), "there is no column \"stok\" in \"item\"; did you mean \"stock\"?"));
    CHECK(codeOf([&] { items.findMany({.orderBy = {{"id; --"}}}); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { items.findMany({.select = {"nothing"}}); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { items.findMany({.limit = -1}); }) == ErrorCode::InvalidArgument);
  }

  TEST_CASE_FIXTURE(Opened, "an update changes what it names and nothing else") {
    items.create(kFull);
    const auto changed = items.update(7, {{"stock", 4}, {"tags", nullptr}, {"id", 7}});
    REQUIRE(changed.has_value());
    CHECK(changed->at("stock") == 4);
    CHECK(changed->at("tags").is_null());
    CHECK(changed->at("name") == "a");
    CHECK_FALSE(items.update(99, {{"stock", 4}}).has_value());
    const auto refused = [&](const json& key, const json& changes) {
      return codeOf([&] { items.update(key, changes); });
    };
    CHECK(refused(7, json::object()) == ErrorCode::InvalidArgument);
    CHECK(refused(7, {{"id", 8}, {"stock", 1}}) == ErrorCode::InvalidArgument);
    CHECK(refused(7, {{"id", 7}}) == ErrorCode::InvalidArgument);
    CHECK(refused(7, {{"name", nullptr}}) == ErrorCode::InvalidArgument);
    CHECK(refused(7, {{"double", 1}}) == ErrorCode::InvalidArgument);
    CHECK(refused(7, "text") == ErrorCode::InvalidArgument);
    CHECK(refused("seven", {{"stock", 1}}) == ErrorCode::InvalidArgument);
    CHECK(refused(nullptr, {{"stock", 1}}) == ErrorCode::InvalidArgument);
    CHECK(items.findById(7)->at("stock") == 4);
  }

  TEST_CASE_FIXTURE(Opened, "many are added and changed and removed at once") {
    const auto made = items.createMany({{{"name", "a"}}, {{"name", "b"}, {"stock", 5}}, {{"name", "c"}}});
    REQUIRE(made.size() == 3);
    CHECK(made[1].at("stock") == 5);
    CHECK(made[2].at("id") == 3);
    CHECK(items.createMany({}).empty());
    CHECK(codeOf([&] { items.createMany({{{"name", "d"}}, {{"name", 5}}}); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { items.createMany({{{"name", "d"}}, {{"name", "e"}, {"id", 1}}}); }) == ErrorCode::Constraint);
    CHECK(items.count() == 3);
    CHECK(items.updateMany(Condition::compare("id", Operator::Less, 3), {{"price", 2}}) == 2);
    CHECK(items.updateMany(Condition::raw("1"), {{"price", 3}}) == 3);
    CHECK(codeOf([&] { items.updateMany({}, {{"price", 3}}); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { items.updateMany(Condition::raw("1"), {{"id", 3}}); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { items.removeMany({}); }) == ErrorCode::InvalidArgument);
    CHECK(items.removeMany(Condition::compare("id", Operator::Equal, 2)) == 1);
    CHECK(items.remove(1));
    CHECK_FALSE(items.remove(1));
    CHECK(items.count() == 1);
  }

  TEST_CASE_FIXTURE(Opened, "upsert adds a record or changes what it names of the one there") {
    CHECK(items.upsert(kFull).at("stock") == 3);
    const json changed = items.upsert({{"id", 7}, {"name", "b"}});
    CHECK(changed.at("name") == "b");
    CHECK(changed.at("stock") == 3);
    CHECK(items.upsert({{"name", "new"}}).at("id") == 8);
    CHECK(items.count() == 2);
    CHECK(cells.upsert({{"row", 1}, {"col", "a"}}).at("text").is_null());
    CHECK(cells.upsert({{"row", 1}, {"col", "a"}}).at("col") == "a");
    CHECK(cells.count() == 1);
  }

  TEST_CASE_FIXTURE(Opened, "keys may be texts or have several columns") {
    cells.create({{"row", 1}, {"col", "a"}, {"text", "x"}});
    const json key{{"row", 1}, {"col", "a"}};
    CHECK(cells.findById(key)->at("text") == "x");
    CHECK(cells.update(key, {{"text", "y"}})->at("text") == "y");
    CHECK(codeOf([&] { cells.findById(1); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { cells.findById({{"row", 1}}); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { cells.findById({{"row", 1}, {"column", "a"}}); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { cells.create({{"row", 1}}); }) == ErrorCode::InvalidArgument);
    CHECK(cells.remove(key));
    loose.create({{"code", "k'; --"}});
    CHECK(loose.exists("k'; --"));
    CHECK(loose.exists({{"code", "k'; --"}}));
    CHECK(codeOf([&] { loose.exists(1); }) == ErrorCode::InvalidArgument);
    JsonRepository keyless(pool, "keyless");
    CHECK(keyless.create({{"a", 1}}).at("a") == 1);
    CHECK(codeOf([&] { keyless.findById(1); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { keyless.upsert({{"a", 1}}); }) == ErrorCode::InvalidArgument);
    CHECK(keyless.count() == 1);
  }

  TEST_CASE_FIXTURE(Opened, "a transaction takes what is done in it along") {
    pool.transaction([&](Transaction& tx) {
      items.in(tx).create({{"name", "x"}});
      CHECK(items.in(tx).createMany({{{"name", "y"}}}).size() == 1);
      CHECK(items.in(tx).count() == 2);
      tx.run("ALTER TABLE item ADD COLUMN extra TEXT");
      items.in(tx).create({{"name", "z"}, {"extra", "e"}});
      tx.rollback();
    });
    CHECK(items.count() == 0);
    CHECK(contains(refusal({{"name", "z"}, {"extra", "e"}}), "there is no column \"extra\""));
    CHECK_FALSE(items.create({{"name", "x"}}).contains("extra"));
  }

  TEST_CASE_FIXTURE(Opened, "a schema that changes is noticed") {
    items.create({{"name", "x"}});
    RawSqlite(config.database).run("ALTER TABLE item ADD COLUMN colour TEXT DEFAULT 'red'");
    CHECK(items.findById(1)->at("colour") == "red");
    CHECK(items.create({{"name", "y"}, {"colour", "blue"}}).at("colour") == "blue");
    RawSqlite(config.database).run("ALTER TABLE item RENAME COLUMN colour TO shade");
    CHECK(contains(refusal({{"name", "z"}, {"colour", "blue"}}), "there is no column \"colour\""));
    CHECK(items.create({{"name", "z"}, {"shade", "blue"}}).at("shade") == "blue");
    pool.run("DROP TABLE item");
    CHECK(codeOf([&] { items.findById(1); }) == ErrorCode::InvalidArgument);
  }

  TEST_CASE_FIXTURE(Opened, "what is wrong in the file is said by table and column and key") {
    pool.run("INSERT INTO item(id, name, tags) VALUES (5, 'x', '{broken')");
    const auto error = errorOf([&] { items.findById(5); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::TypeMismatch);
    CHECK(contains(error->what(), "'tags'"));
    CHECK(contains(error->what(), "\"item\" (id=5)"));
    CHECK_FALSE(contains(error->what(), "broken"));
    CHECK(codeOf([&] { items.update(5, {{"stock", 77}}); }) == ErrorCode::TypeMismatch);
    CHECK(RawSqlite(config.database).integer("SELECT stock FROM item") == 1);
    pool.run("UPDATE item SET tags = ?", std::string(100'000, '[') + std::string(100'000, ']'));
    CHECK(codeOf([&] { items.findById(5); }) == ErrorCode::TypeMismatch);
    pool.run("UPDATE item SET tags = ?", R"(["[[{\"[["])");
    CHECK(items.findById(5)->at("tags") == json::array({"[[{\"[["}));
    pool.run("UPDATE item SET tags = NULL, name = CAST(x'ff' AS TEXT)");
    CHECK(codeOf([&] { items.findMany(); }) == ErrorCode::TypeMismatch);
  }

  TEST_CASE_FIXTURE(Opened, "tables and columns that there are not are named at first use") {
    JsonRepository wrong(pool, "itme");
    const auto error = errorOf([&] { wrong.findMany(); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::InvalidArgument);
    CHECK(contains(error->what(), "there is no table \"itme\"; did you mean \"item\"?"));
    JsonRepository column(pool, "item", {.jsonColumns = {"tag"}});
    CHECK(codeOf([&] { column.count(); }) == ErrorCode::InvalidArgument);
    JsonRepository bad(pool, "item\"; DROP TABLE item; --");
    CHECK(codeOf([&] { bad.count(); }) == ErrorCode::InvalidArgument);
    pool.run("CREATE TABLE itme(a INTEGER PRIMARY KEY)");
    CHECK(wrong.findMany().empty());
    pool.run("CREATE VIEW stocked AS SELECT name FROM item WHERE stock > 0");
    items.create({{"name", "x"}});
    JsonRepository view(pool, "stocked");
    CHECK(view.findOne()->at("name") == "x");
    CHECK(codeOf([&] { view.create({{"name", "y"}}); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { view.updateMany(Condition::raw("1"), {{"name", "y"}}); }) == ErrorCode::InvalidArgument);
    CHECK(errorOf([&] { view.removeMany(Condition::raw("1")); }).has_value());
    CHECK(items.count() == 1);
  }

  TEST_CASE_FIXTURE(Opened, "what is returned is what is in the table") {
    pool.run("CREATE TABLE first(r REAL, n INTEGER, t TEXT)");  // SQLite 3.40 returns n as a fraction.
    JsonRepository first(pool, "first");
    const json made = first.create({{"r", 5}, {"n", 9007199254740993}, {"t", "x"}});
    CHECK(made.at("r").is_number_float());
    CHECK(made.at("n").is_number_integer());
    CHECK(made.at("n") == 9007199254740993);
    pool.run(
        "CREATE TRIGGER loud AFTER INSERT ON first BEGIN UPDATE first SET t = upper(t) WHERE rowid = new.rowid; END");
    CHECK(first.create({{"t", "y"}}).at("t") == "Y");
    pool.run("CREATE TABLE named(id TEXT NOT NULL DEFAULT (hex(randomblob(8))) PRIMARY KEY, a INT) WITHOUT ROWID");
    JsonRepository named(pool, "named");
    const json found = named.create({{"a", 1}});
    CHECK(found.at("id").get<std::string>().size() == 16);
    CHECK(named.exists(found.at("id")));
    CHECK(named.upsert({{"id", found.at("id")}, {"a", 2}}).at("a") == 2);
    CHECK(named.count() == 1);
  }

  TEST_CASE_FIXTURE(Opened, "calls are counted together with those of copies") {
    JsonRepository timed(pool, "item", {.queryTimeout = 5s, .maxRetries = 0});
    timed.create({{"name", "x"}});
    const JsonRepository copy = timed;
    copy.count();
    CHECK(codeOf([&] { copy.create({{"name", "x"}, {"id", 1}}); }) == ErrorCode::Constraint);
    CHECK(timed.metrics().queryCount == 3);
    CHECK(timed.metrics().errorCount == 1);
  }
}
