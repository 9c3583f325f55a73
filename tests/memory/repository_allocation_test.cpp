// findById() takes no memory of its own: what it allocates is what the entity's fields hold.

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>

#include <holdfast/repository.hpp>

#include "support/failing_allocation.hpp"
#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Reading {
  std::int64_t id{};
  std::string sensor{};
  double value{};
  std::optional<std::int64_t> note{};
  Timestamp takenAt{};
};

struct Named {
  std::string name{};
  std::int64_t number{};
};

}  // namespace

template <>
struct holdfast::Mapping<Reading> {
  static constexpr auto table = holdfast::table<Reading>(
      "reading", primaryKey("id", &Reading::id), column("sensor", &Reading::sensor), column("value", &Reading::value),
      column("note", &Reading::note), column("taken_at", &Reading::takenAt));
};
template <>
struct holdfast::Mapping<Named> {
  static constexpr auto table =
      holdfast::table<Named>("named", primaryKey("name", &Named::name), column("number", &Named::number));
};

TEST_SUITE("memory/repository") {
  TEST_CASE("finding and removing by key and adding a row take no memory of their own") {
    PoolFixture f;
    f.open();
    const BaseRepository<Reading> readings(f.pool);
    readings.createTable();
    readings.create({.sensor = "boiler", .value = 78.5, .note = 3});
    const BaseRepository<Named> named(f.pool);
    named.createTable();
    const std::string key = "a name that is longer than a short string";
    named.create({key, 5});
    bool found = false;
    bool made = false;
    // The first round prepares the statements and what a handle keeps for its thread.
    for (int round = 0; round < 200; ++round) {
      const std::int64_t none = 99;
      const FailingAllocation failing(round == 0 ? 1'000'000 : 0);
      found = readings.findById(1)->value == 78.5 && !readings.findById(none) && readings.exists(1);
      made = readings.create({.id = none, .sensor = "pump"}).id == none && readings.remove(none) && named.exists(key);
    }
    CHECK(found);
    CHECK(made);
    {
      const FailingAllocation failing(1);
      found = named.findById(key)->number == 5;  // One for the name.
    }
    CHECK(found);
  }
}
