// Entities in tables: every operation of a repository, and what a mapping makes of a table.

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/repository.hpp>

#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

enum class Mode : std::uint8_t { Idle, Busy };
enum class Level : std::uint8_t { Low = 1, High = 2 };

struct Celsius {
  double degrees = 0;
  bool operator==(const Celsius&) const = default;
};

struct Reading {
  std::int64_t id{};
  std::string sensor{};
  double value{};
  std::optional<std::string> note{};
  Timestamp takenAt{};
  nlohmann::json tags{};
  bool operator==(const Reading&) const = default;
};

/// One of each type.
struct Sample {
  Uuid id;
  bool flag = false;
  std::int8_t small = 0;
  float ratio = 0;
  Blob raw;
  std::array<std::byte, 4> address{};
  Mode mode = Mode::Idle;
  Level level = Level::Low;
  std::chrono::seconds period{0};
  Celsius temperature;
  Value anything;
  std::optional<std::int64_t> maybe;
  std::optional<nlohmann::json> extra;
  bool operator==(const Sample&) const = default;
};

struct Cell {
  std::int32_t row = 0;
  std::string column;
  std::string text;
  bool operator==(const Cell&) const = default;
};

struct Tick {
  std::int64_t id = 0;
};

}  // namespace

template <>
struct holdfast::EnumNames<Mode> {
  static constexpr std::array values{std::pair{Mode::Idle, "idle"}, std::pair{Mode::Busy, "busy"}};
};

template <>
struct holdfast::ColumnType<Celsius> {
  using Buffer = holdfast::NoBuffer;
  static constexpr holdfast::ColumnKind kind = holdfast::ColumnKind::Real;
  static constexpr bool nullable = false;
  static holdfast::ValueView bind(const Celsius& value, Buffer& /*buffer*/) { return value.degrees; }
  static void read(const holdfast::ValueView& stored, std::string_view column, Celsius& value) {
    value.degrees = holdfast::detail::decode<double>(stored, column);
  }
};

template <>
struct holdfast::Mapping<Reading> {
  static constexpr auto table = holdfast::table<Reading>(
      "reading", primaryKey("id", &Reading::id), column("sensor", &Reading::sensor).maxLength(8).indexed(),
      column("value", &Reading::value).range(-100, 100.5), column("note", &Reading::note).unique(),
      column("taken_at", &Reading::takenAt), column("tags", &Reading::tags), index("sensor", "taken_at"));
};

template <>
struct holdfast::Mapping<Sample> {
  static constexpr auto table = holdfast::table<Sample>(
      "sample", primaryKey("id", &Sample::id), column("flag", &Sample::flag), column("small", &Sample::small),
      column("ratio", &Sample::ratio), column("raw", &Sample::raw), column("address", &Sample::address),
      column("mode", &Sample::mode), column("level", &Sample::level), column("period", &Sample::period),
      column("temperature", &Sample::temperature), column("anything", &Sample::anything),
      column("maybe", &Sample::maybe), column("extra", &Sample::extra));
};

template <>
struct holdfast::Mapping<Cell> {
  static constexpr auto table =
      holdfast::table<Cell>("a \"cell\"; x", primaryKey("row", &Cell::row), primaryKey("column", &Cell::column),
                            column("te\"xt", &Cell::text).pattern("[a-z]*").defaultValue("'it''s'"))
          .withoutRowId();
};

template <>
struct holdfast::Mapping<Tick> {
  static constexpr auto table = holdfast::table<Tick>("tick", primaryKey("id", &Tick::id));
};

namespace {

struct ReadingRepository : BaseRepository<Reading> {
  using BaseRepository::BaseRepository;
  std::vector<Reading> hottest(int n) const {
    return findMany({.where = field(&Reading::value) > 50.0, .orderBy = {descending(&Reading::value)}, .limit = n});
  }
};

struct Opened : PoolFixture {
  Opened() {
    open();
    readings.createTable();
  }
  /// Rows 1 to n, with their number as the value.
  void fill(int n) {
    std::vector<Reading> all;
    for (int i = 1; i <= n; ++i) {
      all.push_back({.sensor = i % 2 == 0 ? "even" : "odd", .value = static_cast<double>(i), .tags = {{"n", i}}});
    }
    readings.createMany(std::move(all));
  }
  static std::vector<std::int64_t> ids(const std::vector<Reading>& found) {
    std::vector<std::int64_t> result;
    for (const Reading& reading : found) result.push_back(reading.id);
    return result;
  }
  ReadingRepository readings{pool};
};

using Ids = std::vector<std::int64_t>;

}  // namespace

TEST_SUITE("integration/repository") {
  TEST_CASE("an entity comes back as it was stored") {
    Opened f;
    const Reading made = f.readings.create({.sensor = "boiler",
                                            .value = 78.25,
                                            .note = "hot",
                                            .takenAt = Timestamp(1234ms),
                                            .tags = {{"room", "cellar"}, {"n", 3}}});
    CHECK(made.id == 1);
    CHECK(f.readings.findById(1) == made);
    CHECK(f.readings.exists(1));
    CHECK_FALSE(f.readings.findById(2).has_value());
    CHECK_FALSE(f.readings.exists(2));
    const Reading chosen = f.readings.create({.id = 70, .sensor = "x"});
    CHECK(chosen.id == 70);
    CHECK(f.readings.findById(70) == chosen);
    CHECK_FALSE(f.readings.findById(70)->note.has_value());
  }

  TEST_CASE("every kind of column comes back as it was stored") {
    Opened f;
    const BaseRepository<Sample> samples(f.pool);
    samples.createTable();
    Sample sample;
    sample.id = Uuid::make();
    sample.flag = true;
    sample.small = -128;
    sample.ratio = 0.5F;
    sample.raw = {std::byte{0}, std::byte{255}};
    sample.address = {std::byte{10}, std::byte{0}, std::byte{0}, std::byte{1}};
    sample.mode = Mode::Busy;
    sample.level = Level::High;
    sample.period = 90s;
    sample.temperature = {-3.5};
    sample.anything = Value("text");
    sample.extra = nlohmann::json::array({1, "two"});
    samples.create(sample);
    CHECK(samples.findById(sample.id) == sample);
    sample.anything = Value();
    sample.maybe = 7;
    sample.extra.reset();
    samples.upsert(sample);
    CHECK(samples.findById(sample.id) == sample);
    RawSqlite raw(f.config.database);
    CHECK(raw.text("SELECT mode || level || period || typeof(id) || length(id) || typeof(anything) FROM sample") ==
          "busy290blob16null");
    f.pool.run("UPDATE sample SET address = x'0102'");
    CHECK(codeOf([&] { samples.findById(sample.id); }) == ErrorCode::TypeMismatch);
    sample.mode = static_cast<Mode>(9);
    CHECK(codeOf([&] { samples.upsert(sample); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { samples.aggregateBy(&Sample::ratio, countRows<Sample>(), {.limit = -1}); }) ==
          ErrorCode::InvalidArgument);
  }

  TEST_CASE("conditions find what fulfils them") {
    Opened f;
    f.fill(10);
    const auto idsOf = [&](const Where<Reading>& where) {
      return Opened::ids(f.readings.findMany({.where = where, .orderBy = {ascending(&Reading::id)}}));
    };
    const auto value = field(&Reading::value);
    CHECK(idsOf(value == 3.0) == Ids{3});
    CHECK(idsOf(value != 3.0).size() == 9);
    CHECK(idsOf(value < 3.0) == Ids{1, 2});
    CHECK(idsOf(value <= 3.0) == Ids{1, 2, 3});
    CHECK(idsOf(value > 8.0) == Ids{9, 10});
    CHECK(idsOf(value >= 8.0) == Ids{8, 9, 10});
    CHECK(idsOf(value.between(4, 6)) == Ids{4, 5, 6});
    CHECK(idsOf(field(&Reading::sensor).like("EV%")) == Ids{2, 4, 6, 8, 10});
    CHECK(idsOf(field(&Reading::note).isNull()).size() == 10);
    CHECK(idsOf(field(&Reading::note).isNotNull()).empty());
    CHECK(idsOf(field(&Reading::sensor) == "odd" && value > 5.0) == Ids{7, 9});
    CHECK(idsOf(value < 2.0 || value > 9.0) == Ids{1, 10});
    CHECK(idsOf(!(value > 1.0)) == Ids{1});
    CHECK(idsOf({}).size() == 10);
    CHECK(idsOf(field(&Reading::id).in({2, 4, 99})) == Ids{2, 4});
    CHECK(idsOf(value.in({2.0, 4.0})) == Ids{2, 4});
    CHECK(idsOf(field(&Reading::id).in(std::vector<std::int64_t>{})).empty());
    std::vector<std::int64_t> many;
    for (int i = 5; i < kLongList; ++i) many.push_back(i);
    CHECK(idsOf(field(&Reading::id).in(many)) == Ids{5, 6, 7, 8, 9, 10});
    const std::vector<std::string> names(kLongList, "ev\"en\\");
    CHECK(idsOf(field(&Reading::sensor).in(names)).empty());
    const std::vector<double> fractions(40'000, 1.0);
    CHECK(codeOf([&] { idsOf(value.in(fractions)); }) == ErrorCode::InvalidArgument);
  }

  TEST_CASE("results are sorted and cut as asked") {
    Opened f;
    f.fill(100);
    CHECK(Opened::ids(f.readings.hottest(3)) == Ids{100, 99, 98});
    CHECK(Opened::ids(f.readings.findMany(
              {.orderBy = {ascending(&Reading::sensor), descending(&Reading::id)}, .limit = 2, .offset = 49})) ==
          Ids{2, 99});
    CHECK(f.readings.findMany({.offset = 90}).size() == 10);
    CHECK(f.readings.findMany({.limit = 0}).empty());
    CHECK(f.readings.findOne({.orderBy = {descending(&Reading::id)}})->id == 100);
    CHECK_FALSE(f.readings.findOne({.where = field(&Reading::value) > 1000.0}).has_value());
    CHECK(f.readings.count() == 100);
    CHECK(f.readings.count({.where = field(&Reading::sensor) == "even"}) == 50);
    std::int64_t sum = 0;
    f.readings.forEach({}, [&sum](const Reading& reading) { sum += reading.id; });
    CHECK(sum == 5050);
    int seen = 0;
    f.readings.forEach({}, [&seen](const Reading&) { return ++seen < 3; });
    CHECK(seen == 3);
  }

  TEST_CASE("rows are changed and removed") {
    Opened f;
    f.fill(6);
    const auto changed = f.readings.update(2, {set(&Reading::value, 79.0), set(&Reading::note, "new")});
    REQUIRE(changed.has_value());
    CHECK(changed->value == 79.0);
    CHECK(changed->note == "new");
    CHECK(changed->sensor == "even");
    CHECK(f.readings.findById(2) == changed);
    CHECK_FALSE(f.readings.update(77, {set(&Reading::value, 1.0)}).has_value());
    CHECK_FALSE(f.readings.update(2, {set(&Reading::note, std::nullopt)})->note.has_value());
    CHECK(f.readings.updateMany(field(&Reading::sensor) == "odd", {set(&Reading::value, 0.0)}) == 3);
    CHECK(f.readings.count({.where = field(&Reading::value) == 0.0}) == 3);
    CHECK(f.readings.remove(1));
    CHECK_FALSE(f.readings.remove(1));
    CHECK(f.readings.removeMany(field(&Reading::value) == 0.0) == 2);
    CHECK(f.readings.count() == 3);
    Reading last = *f.readings.findById(6);
    last.value = -1;
    f.readings.upsert(last);
    CHECK(f.readings.findById(6) == last);
    f.readings.upsert({.id = 9, .sensor = "new"});
    CHECK(f.readings.count() == 4);
  }

  TEST_CASE("an update of nothing and a removal of everything must be meant") {
    Opened f;
    f.fill(3);
    CHECK(codeOf([&] { f.readings.update(1, {}); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { f.readings.updateMany({}, {set(&Reading::value, 1.0)}); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { f.readings.removeMany({}); }) == ErrorCode::InvalidArgument);
    CHECK(f.readings.count({.where = field(&Reading::value) == 1.0}) == 1);
    CHECK(f.readings.removeMany(everyRow<Reading>()) == 3);
  }

  TEST_CASE("createMany() adds all or none") {
    Opened f;
    CHECK(codeOf([&] {
            f.readings.createMany({{.sensor = "a"}, {.sensor = "b", .note = "same"}, {.sensor = "c", .note = "same"}});
          }) == ErrorCode::Constraint);
    CHECK(f.readings.count() == 0);
    const auto made = f.readings.createMany({{.sensor = "a"}, {.sensor = "b"}});
    CHECK(Opened::ids(made) == Ids{1, 2});
    CHECK(f.readings.createMany({}).empty());
  }

  TEST_CASE("a repository takes part in a transaction") {
    Opened f;
    CHECK_THROWS_AS(f.pool.transaction([&](Transaction& tx) {
      f.readings.in(tx).create({.sensor = "gone"});
      f.readings.in(tx).createMany({{.sensor = "too"}});
      CHECK(f.readings.in(tx).count() == 2);
      throw std::runtime_error("no");
    }),
                    std::runtime_error);
    CHECK(f.readings.count() == 0);
    f.pool.transaction([&](Transaction& tx) {
      const Reading made = f.readings.in(tx).create({.sensor = "kept"});
      f.readings.in(tx).update(made.id, {set(&Reading::value, 5.0)});
    });
    CHECK(f.readings.findById(1)->value == 5.0);
  }

  TEST_CASE("what a mapping says the table checks whoever writes") {
    Opened f;
    const auto tooLong = errorOf([&] { f.readings.create({.sensor = "much too long"}); });
    REQUIRE(tooLong.has_value());
    CHECK(tooLong->code() == ErrorCode::Constraint);
    CHECK(contains(tooLong->what(), "sensor is at most 8 long"));
    CHECK(contains(tooLong->what(), "create in \"reading\""));
    const auto tooHot = errorOf([&] { f.pool.run("INSERT INTO reading VALUES (1, 's', 101, NULL, 0, '{}')"); });
    REQUIRE(tooHot.has_value());
    CHECK(contains(tooHot->what(), "value is from -100 to 100.5"));
    CHECK(codeOf([&] { f.pool.run("INSERT INTO reading VALUES (1, 's', 'text', NULL, 0, '{}')"); }) ==
          ErrorCode::Constraint);  // STRICT.
    CHECK(codeOf([&] { f.pool.run("INSERT INTO reading VALUES (1, NULL, 1, NULL, 0, '{}')"); }) ==
          ErrorCode::Constraint);
    CHECK(f.readings.count() == 0);
    f.readings.createTable();  // Again changes nothing.
    RawSqlite raw(f.config.database);
    CHECK(raw.text("SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE tbl_name = 'reading' AND "
                   "sql IS NOT NULL ORDER BY name)") == "reading reading_sensor reading_sensor_taken_at");
  }

  TEST_CASE("keys of several columns and names with quotes in them") {
    Opened f;
    const BaseRepository<Cell> cells(f.pool);
    cells.createTable();
    cells.create({1, "a", "one"});
    cells.create({1, "b", "two"});
    CHECK(cells.findById({1, "b"})->text == "two");
    CHECK(cells.update({1, "b"}, {set(&Cell::text, "three")})->text == "three");
    CHECK(codeOf([&] { cells.create({2, "a", "NO"}); }) == ErrorCode::Constraint);
    CHECK(cells.remove({1, "a"}));
    CHECK(cells.count() == 1);
    cells.upsert({1, "b", "four"});
    CHECK(cells.findOne()->text == "four");
  }

  TEST_CASE("a table of nothing but its key") {
    Opened f;
    const BaseRepository<Tick> ticks(f.pool);
    ticks.createTable();
    CHECK(ticks.create({}).id == 1);
    CHECK(ticks.create({}).id == 2);
    ticks.upsert({2});
    CHECK(ticks.count() == 2);
  }

  TEST_CASE("calls are counted and timed") {
    Opened f;
    f.fill(10);
    for (int i = 0; i < 200; ++i) f.readings.findById(i);
    CHECK(codeOf([&] { f.readings.create({.sensor = "much too long"}); }) == ErrorCode::Constraint);
    const RepositoryMetrics metrics = f.readings.metrics();
    CHECK(metrics.queryCount == 203);  // createTable() and createMany(), too.
    CHECK(metrics.errorCount == 1);
    CHECK(metrics.errorRate == doctest::Approx(1.0 / 203));
    CHECK(metrics.find.count >= 122);
    if (kHasThreads) CHECK(metrics.averageQueryTime.count() > 0);  // A board's clock may stand still meanwhile.
  }

  TEST_CASE("a query has the time that its repository gives it") {
    Opened f;
    f.fill(2);
    f.pool.run(
        "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n");
    const ReadingRepository hasty(f.pool, {.queryTimeout = 50ms});
    const auto endless = Where<Reading>(Condition::raw("id > (SELECT max(i) FROM endless)"));
    CHECK(codeOf([&] { hasty.findMany({.where = endless}); }) == ErrorCode::Timeout);
    CHECK(codeOf([&] { hasty.removeMany(endless); }) == ErrorCode::Timeout);
    CHECK(codeOf([&] { f.readings.findMany({.where = endless, .timeout = 50ms}); }) == ErrorCode::Timeout);
    CHECK(hasty.findById(1).has_value());
    CHECK(f.readings.count() == 2);
  }
}
