// Statements that a repository keeps from row to row and from call to call.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/detail/statement_batch.hpp>
#include <holdfast/repository.hpp>

#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Reading {
  std::int64_t id{};
  std::string sensor{};
  double value{};
};

/// Its first column is a fraction.
struct Weight {
  double kilograms{};
  std::int64_t id{};
  std::int64_t serial{};
};

struct Wide {
  std::int64_t id{};
  std::int64_t a{};
  std::int64_t b{};
  std::int64_t c{};
  std::int64_t d{};
  std::int64_t e{};
};

}  // namespace

template <>
struct holdfast::Mapping<Wide> {
  static constexpr auto table =
      holdfast::table<Wide>("wide", primaryKey("id", &Wide::id), column("a", &Wide::a), column("b", &Wide::b),
                            column("c", &Wide::c), column("d", &Wide::d), column("e", &Wide::e));
};
template <>
struct holdfast::Mapping<Weight> {
  static constexpr auto table =
      holdfast::table<Weight>("weight", column("kilograms", &Weight::kilograms), primaryKey("id", &Weight::id),
                              column("serial", &Weight::serial));
};
template <>
struct holdfast::Mapping<Reading> {
  static constexpr auto table = holdfast::table<Reading>(
      "reading", primaryKey("id", &Reading::id), column("sensor", &Reading::sensor), column("value", &Reading::value));
};

namespace {

using Ids = std::vector<std::int64_t>;

struct Opened : PoolFixture {
  Opened() {
    open();
    readings.createTable();
  }
  static Ids ids(const std::vector<Reading>& readings) {
    Ids found;
    for (const Reading& reading : readings) found.push_back(reading.id);
    return found;
  }
  BaseRepository<Reading> readings{pool};
};

}  // namespace

TEST_SUITE("integration/repository_batch") {
  TEST_CASE("createMany() takes keys that are given among keys that are to be found") {
    Opened f;
    const auto made = f.readings.createMany({{.sensor = "a"}, {.id = 7, .sensor = "b"}, {.sensor = "c"}});
    CHECK(Opened::ids(made) == Ids{1, 7, 8});
    CHECK(f.readings.findById(7)->sensor == "b");
    // The statement is free again, also after a row that failed.
    CHECK(codeOf([&] { f.readings.createMany({{.id = 7, .sensor = "twice"}}); }) == ErrorCode::Constraint);
    CHECK(f.readings.create({.sensor = "d"}).id == 9);
  }

  TEST_CASE("createMany() finds keys anew where its transaction is carried out again") {
    struct Contended : BaseRepository<Reading> {
      using BaseRepository::BaseRepository;
      mutable int calls = 0;
      void beforeCreate(Reading& reading, Transaction* tx) const override {
        CHECK(reading.id == 0);
        tx->run("INSERT INTO reading(sensor, value) VALUES ('hook', 0)");
        if (++calls == 2) throw Error(ErrorCode::Busy, "once");
      }
    };
    Opened f;
    const Contended readings(f.pool);
    const auto made = readings.createMany({{.sensor = "a"}, {.sensor = "b"}});
    CHECK(readings.calls == 4);
    CHECK(Opened::ids(made) == Ids{2, 4});
    CHECK(f.readings.count() == 4);
  }

  TEST_CASE("a row that the table ignores has no key") {
    Opened f;
    f.readings.create({.id = 7, .sensor = "there"});
    f.pool.run("CREATE TRIGGER ignore BEFORE INSERT ON reading WHEN new.sensor = 'x' BEGIN SELECT raise(ignore); END");
    CHECK(codeOf([&] { f.readings.create({.sensor = "x"}); }) == ErrorCode::Constraint);
    CHECK(codeOf([&] { f.readings.createMany({{.sensor = "y"}, {.sensor = "x"}}); }) == ErrorCode::Constraint);
    CHECK(f.readings.count() == 1);
  }

  TEST_CASE("an update gives whole numbers back as they are beside fractions") {
    Opened f;
    const BaseRepository<Weight> weights(f.pool);
    weights.createTable();
    const std::int64_t large = (std::int64_t{1} << 53) + 1;
    weights.create({.kilograms = 1.5, .id = 1, .serial = large});
    const auto changed = weights.update(1, {set(&Weight::kilograms, 2.0)});
    REQUIRE(changed);
    CHECK(changed->serial == large);
    CHECK(changed->kilograms == 2.0);
  }

  TEST_CASE("an update by ever other columns is carried out as any") {
    Opened f;
    const BaseRepository<Wide> wide(f.pool);
    wide.createTable();
    wide.create({.id = 1});
    // All orders of the columns: more texts than are kept.
    std::vector<Assignment<Wide>> changes{set(&Wide::a, 1), set(&Wide::b, 2), set(&Wide::c, 3), set(&Wide::d, 4),
                                          set(&Wide::e, 5)};
    const auto byColumn = [](const auto& left, const auto& right) { return left.column < right.column; };
    int orders = 0;
    do {
      ++orders;
      CHECK(wide.update(1, std::span<const Assignment<Wide>>(changes))->e == 5);
    } while (std::next_permutation(changes.begin(), changes.end(), byColumn));
    CHECK(orders == 120);
  }

  TEST_CASE("of an update that names a column twice the last value counts") {
    Opened f;
    const std::int64_t id = f.readings.create({.sensor = "a", .value = 1}).id;
    CHECK(f.readings.update(id, {set(&Reading::value, 2.0), set(&Reading::value, 3.0)})->value == 3);
    // One for each choice of columns, in each order.
    for (int i = 0; i < 3; ++i) {
      CHECK(f.readings.update(id, {set(&Reading::value, 4.0), set(&Reading::sensor, "b")})->sensor == "b");
      CHECK(f.readings.update(id, {set(&Reading::sensor, "c"), set(&Reading::value, 5.0)})->value == 5);
      CHECK(f.readings.update(id, {set(&Reading::value, 6.0)})->sensor == "c");
    }
  }

  TEST_CASE("a batch fails as single statements do and leaves its statement free") {
    Opened f;
    const Sql sql = "INSERT INTO reading(sensor, value) VALUES (?, ?)";
    f.pool.transaction([&](Transaction& tx) {
      std::optional<detail::StatementBatch> kept(std::in_place, tx, sql);
      detail::StatementBatch& batch = *kept;
      const std::vector<ValueView> row{"a", 1.5};
      CHECK(batch.run(row).lastInsertRowId == 1);
      CHECK(tx.run(sql, "b", 2.5).lastInsertRowId == 2);  // The same text meanwhile.
      CHECK(codeOf([&] { batch.run(std::vector<ValueView>{"too few"}); }) == ErrorCode::InvalidArgument);
      CHECK(codeOf([&] { batch.run(std::vector<ValueView>{nullptr, 1.0}); }) == ErrorCode::Constraint);
      CHECK(batch.run(row).lastInsertRowId == 3);
      Transaction inner = tx.begin();
      CHECK(codeOf([&] { batch.run(row); }) == ErrorCode::Misuse);
      inner.rollback();
      CHECK(batch.run(row).lastInsertRowId == 4);
      kept.reset();
      CHECK(tx.run(sql, "c", 3.5).lastInsertRowId == 5);
      tx.rollback();
    });
    CHECK(f.readings.count() == 0);
    CHECK(codeOf([&] {
            f.pool.transaction(
                [](Transaction& tx) { detail::StatementBatch batch(tx, "INSERT INTO nowhere VALUES (1)"); });
          }) == ErrorCode::InvalidSql);
  }
  TEST_CASE("all columns of a row are read at once and no more than there are") {
    Opened f;
    f.readings.create({.sensor = "a", .value = 1.5});
    f.pool.forEach("SELECT sensor, value, NULL FROM reading", [](const RowView& row) {
      std::array<ValueView, 3> values;
      row.read(values);
      CHECK(values[0].text() == "a");
      CHECK(values[1].real() == 1.5);
      CHECK(values[2].isNull());
      std::array<ValueView, 4> tooMany;
      CHECK(codeOf([&] { row.read(tooMany); }) == ErrorCode::InvalidArgument);
    });
  }
  TEST_CASE("rows that a query keeps in different places are read as they are one by one") {
    Opened f;
    // Parts of a compound, a row of constants, and one out of a sorter: each has its values where it likes. Eighteen
    // columns are more than are remembered.
    const std::string wide = ", 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18";
    const std::string sql =
        "SELECT 1, 'one', NULL" + wide + " UNION ALL SELECT x'00ff', 2.5, 'two'" + wide +
        " UNION ALL SELECT * FROM (SELECT n, n * 1.5, 'long text number ' || n" + wide +
        " FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 50) SELECT n"
        " FROM c) ORDER BY -n)";
    std::size_t rows = 0;
    f.pool.forEach(Sql::unchecked(sql), [&](const RowView& row) {
      ++rows;
      std::array<ValueView, 2> few;
      row.read(few);
      std::array<ValueView, 18> values;
      row.read(values);
      for (std::size_t column = 0; column < values.size(); ++column) {
        CHECK(Value(values[column]) == Value(row.at(column)));
      }
      CHECK(Value(few[1]) == Value(values[1]));
      CHECK(values[17].integer() == 18);
    });
    CHECK(rows == 52);
  }
}
