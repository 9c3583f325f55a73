// One value from many rows, for all of them and for each group.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <holdfast/repository.hpp>

#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Reading {
  std::int64_t id{};
  std::string sensor{};
  double value{};
  std::optional<std::int64_t> count{};
  std::chrono::seconds lasted{};
  Timestamp takenAt{};
};

}  // namespace

template <>
struct holdfast::Mapping<Reading> {
  static constexpr auto table =
      holdfast::table<Reading>("reading \"x\"", primaryKey("id", &Reading::id), column("sensor", &Reading::sensor),
                               column("va\"lue", &Reading::value), column("count", &Reading::count),
                               column("lasted", &Reading::lasted), column("taken_at", &Reading::takenAt));
};

namespace {

struct Opened : PoolFixture {
  Opened() {
    open();
    readings.createTable();
  }
  void fill() {
    readings.createMany({{.sensor = "a", .value = 1, .count = 5, .lasted = 10s, .takenAt = Timestamp(1s)},
                         {.sensor = "b", .value = 2, .lasted = 20s, .takenAt = Timestamp(3s)},
                         {.sensor = "a", .value = 6, .count = 7, .lasted = 30s, .takenAt = Timestamp(2s)},
                         {.sensor = "c", .value = -1}});
  }
  BaseRepository<Reading> readings{pool};
};

}  // namespace

TEST_SUITE("integration/repository_aggregate") {
  TEST_CASE("one value is computed from all rows") {
    Opened f;
    f.fill();
    const std::optional<double> most = f.readings.aggregate(maximum(&Reading::value));
    CHECK(most == 6.0);
    CHECK(f.readings.aggregate(minimum(&Reading::value)) == -1.0);
    CHECK(f.readings.aggregate(average(&Reading::value)) == 2.0);
    CHECK(f.readings.aggregate(sum(&Reading::value), {.where = field(&Reading::sensor) == "a"}) == 7.0);
    CHECK(f.readings.aggregate(sum(&Reading::count)) == std::int64_t{12});
    CHECK(f.readings.aggregate(sum(&Reading::lasted)) == 60s);
    CHECK(f.readings.aggregate(maximum(&Reading::takenAt)) == Timestamp(3s));
    CHECK(f.readings.aggregate(minimum(&Reading::sensor)) == "a");
    CHECK(f.readings.aggregate(count(&Reading::count)) == 2);
    CHECK(f.readings.aggregate(countRows<Reading>()) == 4);
    CHECK(f.readings.aggregate(countDistinct(&Reading::sensor)) == 3);
  }

  TEST_CASE("several values come from one query") {
    Opened f;
    f.fill();
    const auto [low, high, rows] =
        f.readings.aggregate(std::tuple(minimum(&Reading::value), maximum(&Reading::value), countRows<Reading>()),
                             {.where = field(&Reading::value) > 0.0});
    CHECK(low == 1.0);
    CHECK(high == 6.0);
    CHECK(rows == 3);
  }

  TEST_CASE("of no rows and of NULLs alone there is nothing") {
    Opened f;
    CHECK_FALSE(f.readings.aggregate(maximum(&Reading::value)).has_value());
    CHECK_FALSE(f.readings.aggregate(sum(&Reading::value)).has_value());
    CHECK(f.readings.aggregate(count(&Reading::value)) == 0);
    CHECK(f.readings.aggregateBy(&Reading::sensor, countRows<Reading>()).empty());
    f.fill();
    CHECK_FALSE(f.readings.aggregate(average(&Reading::count), {.where = field(&Reading::sensor) == "b"}).has_value());
  }

  TEST_CASE("values are computed for each group in its order") {
    Opened f;
    f.fill();
    const auto groups =
        f.readings.aggregateBy(&Reading::sensor, std::tuple(average(&Reading::value), count(&Reading::count)));
    REQUIRE(groups.size() == 3);
    CHECK(groups[0].first == "a");
    CHECK(std::get<0>(groups[0].second) == 3.5);
    CHECK(std::get<1>(groups[0].second) == 2);
    CHECK(groups[2].first == "c");
    CHECK(std::get<1>(groups[2].second) == 0);
    const auto second = f.readings.aggregateBy(&Reading::sensor, sum(&Reading::value),
                                               {.where = field(&Reading::value) > 0.0, .limit = 1, .offset = 1});
    REQUIRE(second.size() == 1);
    CHECK(second[0].first == "b");
    CHECK(second[0].second == 2.0);
    const auto byCount = f.readings.aggregateBy(&Reading::count, countRows<Reading>());
    REQUIRE(byCount.size() == 3);
    CHECK_FALSE(byCount[0].first.has_value());
    CHECK(byCount[0].second == 2);
  }

  TEST_CASE("values are computed in a transaction") {
    Opened f;
    f.fill();
    f.pool.transaction([&](Transaction& tx) {
      f.readings.in(tx).create({.sensor = "d", .value = 100});
      CHECK(f.readings.in(tx).aggregate(maximum(&Reading::value)) == 100.0);
      CHECK(f.readings.aggregate(maximum(&Reading::value), {.transaction = &tx}) == 100.0);
      tx.rollback();
    });
    CHECK(f.readings.aggregate(maximum(&Reading::value)) == 6.0);
  }

  TEST_CASE("a sum that 64 bits do not hold is an error and not a wrong number") {
    Opened f;
    for (int i = 0; i < 2; ++i) f.readings.create({.sensor = "a", .count = std::numeric_limits<std::int64_t>::max()});
    const auto error = errorOf([&] { f.readings.aggregate(sum(&Reading::count)); });
    REQUIRE(error.has_value());
    CHECK(contains(error->what(), "overflow"));
    CHECK(contains(error->what(), "reading"));
  }
}
