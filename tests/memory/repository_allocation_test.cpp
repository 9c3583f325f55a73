// What a repository takes from the heap for a call.

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/connection_pool.hpp>
#include <holdfast/repository.hpp>

#include "support/counted_allocations.hpp"
#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Reading {
  std::int64_t id{};
  std::string sensor{};
  double value{};
  std::optional<std::string> note{};
  Timestamp takenAt{};
};

constexpr int kCalls = 1000;
constexpr const char* kLongNote = "a note that is too long to fit into the string itself";

}  // namespace

template <>
struct holdfast::Mapping<Reading> {
  static constexpr auto table = holdfast::table<Reading>(
      "reading", primaryKey("id", &Reading::id), column("sensor", &Reading::sensor), column("value", &Reading::value),
      column("note", &Reading::note), column("taken_at", &Reading::takenAt));
};

namespace {

struct Readings : PoolFixture {
  Readings() {
    open();
    repository.emplace(pool);
    repository->createTable();
  }
  /// Allocations of one call, on average: a thousand of them, so that what happens now and then shows as well.
  template <typename F>
  static double allocationsOf(F call) {
    for (int i = 0; i < kCalls; ++i) call();  // Statements are prepared, caches filled.
    const std::int64_t before = totalAllocations();
    for (int i = 0; i < kCalls; ++i) call();
    return static_cast<double>(totalAllocations() - before) / kCalls;
  }
  std::int64_t add(std::optional<std::string> note) {
    return repository->create({.id = 0, .sensor = "boiler", .value = 78.5, .note = std::move(note), .takenAt = {}}).id;
  }

  std::optional<BaseRepository<Reading>> repository;
};

}  // namespace

TEST_SUITE("memory/repository_allocation") {
  TEST_CASE("finding a row by its key allocates only what the fields of the entity need") {
    Readings fixture;
    const std::int64_t none = fixture.add(std::nullopt);
    const std::int64_t inPlace = fixture.add("short");
    const std::int64_t onHeap = fixture.add(kLongNote);
    const auto finding = [&fixture](std::int64_t id) {
      return Readings::allocationsOf([&] { REQUIRE(fixture.repository->findById(id).has_value()); });
    };
    CHECK(finding(none) == 0);
    CHECK(finding(inPlace) == 0);
    CHECK(finding(onHeap) == 1);
    CHECK(Readings::allocationsOf([&] { REQUIRE_FALSE(fixture.repository->findById(99).has_value()); }) == 0);
    CHECK(Readings::allocationsOf([&] { REQUIRE(fixture.repository->exists(none)); }) == 0);
  }

  TEST_CASE("finding a row by its key in a transaction allocates no more") {
    Readings fixture;
    const std::int64_t id = fixture.add("short");
    fixture.pool.transaction([&](Transaction& tx) {
      const BaseRepository<Reading> inside = fixture.repository->in(tx);
      CHECK(Readings::allocationsOf([&] { REQUIRE(inside.findById(id).has_value()); }) == 0);
    });
  }

  TEST_CASE("writing a row by its key allocates nothing of its own once its text is known") {
    Readings fixture;
    const std::int64_t id = fixture.add("short");
    double value = 0;
    // A checkpoint comes every few hundred updates, and allocates.
    CHECK(Readings::allocationsOf(
              [&] { REQUIRE(fixture.repository->update(id, {set(&Reading::value, ++value)}).has_value()); }) < 0.01);
    CHECK(Readings::allocationsOf([&] { REQUIRE_FALSE(fixture.repository->remove(99)); }) == 0);
  }

  TEST_CASE("creating many rows in one call allocates nothing for each") {
    Readings fixture;
    const auto creating = [&fixture](std::size_t rows) {
      return Readings::allocationsOf([&] {
        fixture.pool.transaction(
            [&](Transaction& tx) {
              REQUIRE(fixture.repository->in(tx).createMany(std::vector<Reading>(rows)).size() == rows);
            },
            {.durability = Durability::Off});
      });
    };
    CHECK(creating(10) == creating(20));
    CHECK(creating(150) - creating(40) < 0.1);  // Several by one statement.
  }
}
