// Repositories, for the sweep.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "memory/sweep.hpp"

using namespace std::chrono_literals;

namespace holdfast::test {
namespace {

struct Item {
  std::int64_t id{};
  std::string name{};
  std::optional<std::string> body{};
  std::optional<double> amount{};
};

}  // namespace
}  // namespace holdfast::test

template <>
struct holdfast::Mapping<holdfast::test::Item> {
  using Item = holdfast::test::Item;
  static constexpr auto table = holdfast::table<Item>("item", primaryKey("id", &Item::id), column("name", &Item::name),
                                                      column("body", &Item::body), column("amount", &Item::amount));
};

namespace holdfast::test {
namespace {

constexpr const char* kLong = "a body that is too long to fit into the string itself";

void opened(World& world) { world.open(); }

void useRepository(World& world) {
  const BaseRepository<Item> items(world.pool);
  world.claim("made", 1, [&] { items.create({.id = 0, .name = "made", .body = kLong, .amount = 1}); });
  items.findById(3);
  items.update(5, {set(&Item::amount, 2.5)});
  items.remove(999);
  items.count();
}

void findMany(World& world) {
  const BaseRepository<Item> items(world.pool);
  items.findMany({.where = field(&Item::amount) > 3.0, .orderBy = {descending(&Item::name)}, .limit = 10});
}

void createMany(World& world) {
  const BaseRepository<Item> items(world.pool);
  constexpr std::int64_t kRows = 34;  // One, 32 by one statement, and one.
  world.claim("made", kRows, [&] {
    std::vector<Item> made;
    for (std::int64_t i = 0; i < kRows; ++i) {
      made.push_back({.id = 0, .name = "made " + std::to_string(i), .body = kLong, .amount = {}});
    }
    items.createMany(std::move(made));
  });
}

void useCache(World& world) {
  const BaseRepository<Item> items(world.pool, {.cacheEnabled = true});
  items.findById(3);
  items.findById(3);
  world.claim("made", 1, [&] { items.create({.id = 0, .name = "made", .body = {}, .amount = {}}); });
  items.findById(3);
  items.count();
}

void useJson(World& world) {
  const JsonRepository items(world.pool, "item");
  world.claim("made", 1, [&] { items.create({{"name", "made"}, {"body", kLong}, {"amount", 2.5}}); });
  items.findById(4);
  items.update(4, {{"body", "changed"}});
  items.findMany({.where = {}, .limit = 5});
}

void build(World& world) {
  QueryBuilder(world.pool)
      .select({"name", "count(*)"_expr})
      .from("item")
      .where("id", Operator::GreaterOrEqual, 3)
      .groupBy("name")
      .orderBy("name", Order::Ascending)
      .limit(10)
      .fetch();
}

constexpr Scenario kScenarios[] = {
    {"repository", opened, useRepository},     {"repository, many", opened, findMany},
    {"repository, batch", opened, createMany}, {"repository, cache", opened, useCache},
    {"query builder", opened, build},          {"JSON repository", opened, useJson, true},
};

}  // namespace

std::span<const Scenario> repositoryScenarios() { return kScenarios; }

}  // namespace holdfast::test
