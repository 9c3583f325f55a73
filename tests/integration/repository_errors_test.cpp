// Bad input and bad files: each an error that names the table, the column and the key, and nothing changed.

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/repository.hpp>

#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

enum class Mode : std::uint8_t { Idle, Busy };

struct Reading {
  std::int64_t id{};
  std::string sensor{};
  double value{};
  std::int8_t small{};
  std::optional<std::string> note{};
  Mode mode{};
  nlohmann::json tags{};
};

struct Named {
  std::string name{};
  std::int32_t number{};
};

struct Wide {
  std::uint64_t id{};
  std::array<std::byte, 4> address{};
};

struct Document {
  Uuid owner{};
  nlohmann::json key{};
  std::string text{};
};

/// A key of JSON alone.
struct Setting {
  nlohmann::json key{};
  std::string text{};
};

constexpr const char* kSecret = "s3cr3t";

}  // namespace

template <>
struct holdfast::EnumNames<Mode> {
  static constexpr std::array values{std::pair{Mode::Idle, "idle"}, std::pair{Mode::Busy, "busy"}};
};
template <>
struct holdfast::Mapping<Reading> {
  static constexpr auto table = holdfast::table<Reading>(
      "reading", primaryKey("id", &Reading::id), column("sensor", &Reading::sensor).maxLength(8),
      column("value", &Reading::value).range(0, 100), column("small", &Reading::small),
      column("note", &Reading::note).unique(), column("mode", &Reading::mode), column("tags", &Reading::tags));
};
template <>
struct holdfast::Mapping<Named> {
  static constexpr auto table =
      holdfast::table<Named>("robert\"; DROP TABLE reading; --", primaryKey("na\"me; '", &Named::name),
                             column("select", &Named::number).range(0, 9));
};
template <>
struct holdfast::Mapping<Wide> {
  static constexpr auto table =
      holdfast::table<Wide>("wide", primaryKey("id", &Wide::id), column("address", &Wide::address));
};
template <>
struct holdfast::Mapping<Document> {
  static constexpr auto table =
      holdfast::table<Document>("document", column("text", &Document::text), primaryKey("owner", &Document::owner),
                                primaryKey("key", &Document::key));
};
template <>
struct holdfast::Mapping<Setting> {
  static constexpr auto table =
      holdfast::table<Setting>("setting", primaryKey("key", &Setting::key), column("text", &Setting::text));
};

namespace {

struct Opened : PoolFixture {
  Opened() {
    open();
    readings.createTable();
  }
  BaseRepository<Reading> readings{pool};
};

/// What `body` throws has the code and says all of the parts, and no value.
template <typename F>
void says(F body, ErrorCode code, std::initializer_list<std::string_view> parts) {
  const auto error = errorOf(body);
  REQUIRE(error.has_value());
  CAPTURE(error->what());
  CHECK(error->code() == code);
  for (const std::string_view part : parts) {
    CAPTURE(part);
    CHECK(contains(error->what(), part));
  }
  CHECK_FALSE(contains(error->what(), kSecret));
}

}  // namespace

TEST_SUITE("integration/repository_errors") {
  TEST_CASE("a refused write names the row and shows no value") {
    Opened f;
    f.readings.create({.id = 7, .note = kSecret});
    const auto count = [&] { return f.readings.count(); };
    says([&] { f.readings.create({.id = 7}); }, ErrorCode::Constraint, {"create in \"reading\" (id=7)", "reading.id"});
    says([&] { f.readings.create({.id = 8, .note = kSecret}); }, ErrorCode::Constraint,
         {"create in \"reading\" (id=8)", "reading.note"});
    says([&] { f.readings.create({.note = kSecret}); }, ErrorCode::Constraint,
         {"create in \"reading\"", "reading.note"});
    says([&] { f.readings.create({.id = 8, .sensor = "s3cr3t long"}); }, ErrorCode::Constraint,
         {"sensor is at most 8 long", "(id=8)"});
    says([&] { f.readings.update(7, {set(&Reading::value, 101.0)}); }, ErrorCode::Constraint,
         {"value is from 0 to 100", "update in \"reading\" (id=7)"});
    says([&] { f.readings.upsert({.id = 7, .value = -1}); }, ErrorCode::Constraint, {"value is from", "(id=7)"});
    says(
        [&] {
          f.readings.createMany({{.id = 10}, {.id = 11}, {.id = 12, .note = kSecret}});
        },
        ErrorCode::Constraint, {"entity 3 for \"reading\" (id=12)", "create in \"reading\"", "reading.note"});
    says([&] { f.readings.updateMany(everyRow<Reading>(), {set(&Reading::value, 101.0)}); }, ErrorCode::Constraint,
         {"update in \"reading\"", "value is from"});
    CHECK(count() == 1);
    CHECK(f.readings.findById(7)->value == 0);
  }

  TEST_CASE("a value that cannot be stored names its column") {
    Opened f;
    says([&] { f.readings.create({.id = 5, .mode = Mode{9}}); }, ErrorCode::InvalidArgument,
         {"column \"mode\" of \"reading\" (id=5)", "enum"});
    says([&] { f.readings.create({.id = 5, .tags = std::string("\xff s3cr3t")}); }, ErrorCode::InvalidArgument,
         {"column \"tags\" of \"reading\" (id=5)", "UTF-8"});
    const BaseRepository<Wide> wide(f.pool);
    wide.createTable();
    const auto tooLarge = std::numeric_limits<std::uint64_t>::max();
    says([&] { wide.create({tooLarge, {}}); }, ErrorCode::InvalidArgument, {"column \"id\" of \"wide\""});
    says([&] { wide.findById(tooLarge); }, ErrorCode::InvalidArgument, {"column \"id\" of \"wide\""});
    CHECK(wide.count() == 0);
    CHECK(f.readings.count() == 0);
  }

  TEST_CASE("a stored value that does not fit names column and key however it is met") {
    Opened f;
    f.pool.run("DROP TABLE reading");
    f.pool.run("CREATE TABLE reading(id INTEGER PRIMARY KEY, sensor, value, small, note, mode, tags)");
    const auto broken = [&](const std::string& column, const Value& value, std::string_view why) {
      f.pool.run("DELETE FROM reading");
      f.pool.run("INSERT INTO reading VALUES (1, 's', 1.0, 1, NULL, 'idle', '{}')");
      f.pool.run("INSERT INTO reading VALUES (2, 's', 1.0, 1, NULL, 'idle', '{}')");
      f.pool.run(Sql::unchecked("UPDATE reading SET " + column + " = ? WHERE id = 2"), value);
      const auto met = [&](auto body) {
        says(body, ErrorCode::TypeMismatch, {"'" + column + "'", "row of \"reading\" (id=2)", why});
      };
      met([&] { f.readings.findById(2); });
      met([&] {
        f.readings.findById(2, {.select = {&Reading::sensor, &Reading::value, &Reading::small, &Reading::mode,
                                           &Reading::tags, &Reading::note}});
      });
      met([&] { f.readings.findMany(); });
      met([&] { f.readings.findOne({.orderBy = {descending(&Reading::id)}}); });
      met([&] { f.readings.forEach({}, [](const Reading&) {}); });
      met([&] { f.readings.page(); });
      met([&] { f.readings.update(2, {set(&Reading::id, std::int64_t{2})}); });
      CHECK(f.readings.findById(1).has_value());
    };
    broken("value", Value("s3cr3t"), "text, not a number");
    broken("sensor", Value(), "NULL, not text");
    broken("sensor", Value(5), "integer, not text");
    broken("small", Value(300), "out of range");
    broken("small", Value(1.5), "real, not an integer");
    broken("mode", Value("s3cr3t"), "names no value of its enum");
    broken("tags", Value("{s3cr3t"), "no JSON");
    broken("note", Value(Blob(3)), "blob, not text");
  }

  TEST_CASE("a failed update changes nothing where its row cannot be read back") {
    Opened f;
    f.pool.run("DROP TABLE reading");
    f.pool.run("CREATE TABLE reading(id INTEGER PRIMARY KEY, sensor, value, small, note, mode, tags)");
    f.pool.run("INSERT INTO reading VALUES (1, 's', 1.0, 1, NULL, 'idle', '{broken')");
    says([&] { f.readings.update(1, {set(&Reading::value, 50.0)}); }, ErrorCode::TypeMismatch,
         {"'tags'", "update in \"reading\" (id=1)"});
    CHECK(f.pool.queryValue<double>("SELECT value FROM reading") == 1.0);
  }

  TEST_CASE("a column that the file does not have is named") {
    Opened f;
    f.pool.run("ALTER TABLE reading DROP COLUMN small");
    const auto missing = [&](auto body) { says(body, ErrorCode::InvalidSql, {"small", "in \"reading\""}); };
    missing([&] { f.readings.findById(1); });
    missing([&] { f.readings.findMany(); });
    missing([&] { f.readings.create({.id = 1}); });
    missing([&] { f.readings.updateMany(everyRow<Reading>(), {set(&Reading::small, std::int8_t{1})}); });
    missing([&] { f.readings.count({.where = field(&Reading::small) == std::int8_t{1}}); });
    missing([&] { f.readings.findMany({.select = {&Reading::id}, .orderBy = {ascending(&Reading::small)}}); });
    CHECK(f.readings.findMany({.select = {&Reading::sensor}}).empty());
    f.pool.run("DROP TABLE reading");
    says([&] { f.readings.findById(1); }, ErrorCode::InvalidSql, {"no such table", "reading", "(id=1)"});
  }

  TEST_CASE("an update of nothing and a change of every row must be meant") {
    Opened f;
    f.readings.create({.id = 1});
    const auto refused = [&](auto body) { CHECK(codeOf(body) == ErrorCode::InvalidArgument); };
    refused([&] { f.readings.update(1, {}); });
    refused([&] { f.readings.update(1, std::vector<Assignment<Reading>>()); });
    refused([&] { f.readings.updateMany(everyRow<Reading>(), {}); });
    refused([&] { f.readings.updateMany({}, {set(&Reading::value, 1.0)}); });
    refused([&] { f.readings.removeMany({}); });
    CHECK(f.readings.count() == 1);
  }

  TEST_CASE("names with quotes and semicolons are names") {
    Opened f;
    const BaseRepository<Named> named(f.pool);
    named.createTable();
    named.create({"x'; --", 1});
    CHECK(named.findById("x'; --")->number == 1);
    CHECK(named.update("x'; --", {set(&Named::number, 2)})->number == 2);
    CHECK(named
              .findMany({.select = {&Named::name},
                         .where = field(&Named::name).like("x';%"),
                         .orderBy = {descending(&Named::name)}})
              .size() == 1);
    CHECK(named.page({.size = 1, .orderBy = descending(&Named::number)}).items.size() == 1);
    CHECK(named.aggregate(maximum(&Named::number)) == 2);
    CHECK(named.aggregateBy(&Named::name, countRows<Named>()).size() == 1);
    says([&] { named.update("x'; --", {set(&Named::number, 99)}); }, ErrorCode::Constraint,
         {"update in \"robert\"\"; DROP TABLE reading; --\" (na\"me; '='x'; --')"});
    CHECK(named.remove("x'; --"));
    CHECK(f.readings.count() == 0);  // It is still there.
  }

  TEST_CASE("keys of texts are shortened and those of bytes shown as what they are") {
    Opened f;
    const BaseRepository<Named> named(f.pool);
    named.createTable();
    std::string longName(30, 'n');
    longName += kSecret;
    says([&] { named.create({longName, 99}); }, ErrorCode::Constraint, {"='nnnnnnnnnnnnnnnnnnnnn...')"});
    const BaseRepository<Document> documents(f.pool);
    documents.createTable();
    const Uuid owner = Uuid::make();
    documents.create({owner, {1, 2}, ""});
    says(
        [&] {
          documents.create({owner, {1, 2}, kSecret});
        },
        ErrorCode::Constraint, {"create in \"document\" (owner=" + owner.text() + ", key='[1,2]')"});
  }

  TEST_CASE("keys need room of their own until the statement has run") {
    Opened f;
    const BaseRepository<Document> documents(f.pool);
    documents.createTable();
    const Uuid owner = Uuid::make();
    const nlohmann::json key{{"a key that is longer than a short string", 1}};
    documents.create({owner, key, "text"});
    CHECK(documents.findById({owner, key})->text == "text");
    CHECK(documents.update({owner, key}, {set(&Document::text, "new")})->text == "new");
    CHECK(documents.remove({owner, key}));
    const BaseRepository<Setting> settings(f.pool);
    settings.createTable();
    settings.create({key, "text"});
    CHECK(settings.findById(key)->text == "text");
    CHECK(settings.exists(key));
    CHECK_FALSE(settings.exists(nlohmann::json(1)));
  }
}
