// Lists in pieces, found by key.

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <holdfast/repository.hpp>

#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Item {
  std::int64_t id{};
  double value{};
  std::optional<std::string> note{};
  std::string name{};
};

struct Cell {
  Uuid sheet{};
  std::int32_t row{};
  std::string text{};
};

}  // namespace

template <>
struct holdfast::Mapping<Item> {
  static constexpr auto table =
      holdfast::table<Item>("item", primaryKey("id", &Item::id), column("value", &Item::value).indexed(),
                            column("note", &Item::note), column("na\"me", &Item::name));
};
template <>
struct holdfast::Mapping<Cell> {
  static constexpr auto table = holdfast::table<Cell>("cell", primaryKey("sheet", &Cell::sheet),
                                                      primaryKey("row", &Cell::row), column("text", &Cell::text))
                                    .withoutRowId();
};

namespace {

using Ids = std::vector<std::int64_t>;

struct Opened : PoolFixture {
  Opened() {
    open();
    items.createTable();
  }
  /// All pages one after the other, each of `size` at most.
  Ids walk(PageOptions<Item> options, std::size_t* pages = nullptr) {
    Ids ids;
    for (std::size_t n = 1;; ++n) {
      const Page<Item> page = items.page(options);
      CHECK(page.items.size() <= options.size);
      for (const Item& item : page.items) ids.push_back(item.id);
      if (pages != nullptr) *pages = n;
      if (!page.next) return ids;
      CHECK(page.items.size() == options.size);
      options.after = page.next;
    }
  }
  BaseRepository<Item> items{pool};
};

}  // namespace

TEST_SUITE("integration/repository_page") {
  TEST_CASE("pages follow the key where no order is asked for") {
    Opened f;
    for (const std::int64_t id : {4, 1, 5, 2, 3}) f.items.create({.id = id});
    std::size_t pages = 0;
    CHECK(f.walk({.size = 2}, &pages) == Ids{1, 2, 3, 4, 5});
    CHECK(pages == 3);
    CHECK(f.walk({.size = 5}, &pages) == Ids{1, 2, 3, 4, 5});
    CHECK(pages == 1);
    CHECK(f.walk({.size = 2, .where = field(&Item::id) > 2}) == Ids{3, 4, 5});
    CHECK(f.walk({.size = 2, .orderBy = descending(&Item::id)}) == Ids{5, 4, 3, 2, 1});
    f.items.removeMany(everyRow<Item>());
    const auto empty = f.items.page();
    CHECK(empty.items.empty());
    CHECK_FALSE(empty.next.has_value());
  }

  TEST_CASE("equal values are told apart by the key in either direction") {
    Opened f;
    for (std::int64_t id = 1; id <= 7; ++id) f.items.create({.id = id, .value = id % 2 == 0 ? 0.1 : 0.7});
    for (const std::size_t size : std::vector<std::size_t>{1, 2, 3, 4, 7, 8}) {
      CHECK(f.walk({.size = size, .orderBy = ascending(&Item::value)}) == Ids{2, 4, 6, 1, 3, 5, 7});
      CHECK(f.walk({.size = size, .orderBy = descending(&Item::value)}) == Ids{7, 5, 3, 1, 6, 4, 2});
    }
  }

  TEST_CASE("rows without a value are neither lost nor seen twice") {
    Opened f;
    for (std::int64_t id = 1; id <= 6; ++id) {
      f.items.create({.id = id, .note = id % 2 == 0 ? std::optional<std::string>() : "n" + std::to_string(9 - id)});
    }
    for (const std::size_t size : std::vector<std::size_t>{1, 2, 3, 5}) {
      CHECK(f.walk({.size = size, .orderBy = ascending(&Item::note)}) == Ids{2, 4, 6, 5, 3, 1});
      CHECK(f.walk({.size = size, .orderBy = descending(&Item::note)}) == Ids{1, 3, 5, 6, 4, 2});
    }
  }

  TEST_CASE("pages are stable while rows come and go") {
    Opened f;
    for (std::int64_t id = 1; id <= 6; ++id) f.items.create({.id = id, .value = 10.0 * double(id)});
    PageOptions<Item> options{.size = 2, .orderBy = ascending(&Item::value)};
    auto page = f.items.page(options);
    CHECK(page.items.back().id == 2);
    f.items.create({.id = 50, .value = 5});  // Before the place: with OFFSET, row 2 would come again.
    f.items.remove(2);                       // The last one seen.
    f.items.create({.id = 51, .value = 35});
    options.after = page.next;
    page = f.items.page(options);
    CHECK(page.items[0].id == 3);
    CHECK(page.items[1].id == 51);
  }

  TEST_CASE("a place may be that of any entity") {
    Opened f;
    for (std::int64_t id = 1; id <= 4; ++id) f.items.create({.id = id, .value = 1});
    const Item second = *f.items.findById(2);
    CHECK(f.items.page({.after = BaseRepository<Item>::tokenAfter(second)}).items.front().id == 3);
    CHECK(
        f.items
            .page({.after = f.items.tokenAfter(second, descending(&Item::value)), .orderBy = descending(&Item::value)})
            .items.front()
            .id == 1);
  }

  TEST_CASE("values and keys of every type make a place") {
    Opened f;
    const double tiny = std::numeric_limits<double>::denorm_min();
    const double infinite = std::numeric_limits<double>::infinity();
    int id = 0;
    for (const double value : {-infinite, -1e300, -tiny, 0.0, tiny, 0.1, 0.1 + 1e-17, 1e300, infinite}) {
      f.items.create({.id = ++id, .value = value, .name = std::string("n\0\"\xff", 4) + std::to_string(id)});
    }
    CHECK(f.walk({.size = 1, .orderBy = ascending(&Item::value)}) == Ids{1, 2, 3, 4, 5, 6, 7, 8, 9});
    CHECK(f.walk({.size = 2, .orderBy = descending(&Item::name)}) == Ids{9, 8, 7, 6, 5, 4, 3, 2, 1});
    const BaseRepository<Cell> cells(f.pool);
    cells.createTable();
    for (int sheet = 0; sheet < 3; ++sheet) {
      const Uuid key = Uuid::make();
      for (int row = 0; row < 3; ++row) cells.create({key, row, row % 2 == 0 ? "even" : "odd"});
    }
    PageOptions<Cell> options{.size = 2, .orderBy = ascending(&Cell::text)};
    std::vector<std::tuple<std::string, Uuid, int>> seen;
    while (true) {
      const auto page = cells.page(options);
      for (const Cell& cell : page.items) seen.emplace_back(cell.text, cell.sheet, cell.row);
      if (!page.next) break;
      options.after = page.next;
    }
    CHECK(seen.size() == 9);
    for (std::size_t i = 1; i < seen.size(); ++i) CHECK(seen[i - 1] < seen[i]);
  }

  TEST_CASE("a page comes from the index and not from a sort") {
    Opened f;
    f.items.create({.value = 1});
    const auto plan = f.pool.query(
        "EXPLAIN QUERY PLAN SELECT * FROM item WHERE ((\"value\", \"id\") > (?, ?)) ORDER BY \"value\", \"id\" LIMIT 3",
        1.0, 1);
    std::string text;
    for (const Row& row : plan) text += row.get<std::string>("detail");
    CHECK(contains(text, "USING INDEX item_value"));
    CHECK_FALSE(contains(text, "TEMP B-TREE"));
  }

  TEST_CASE("what is no place in the list is refused") {
    Opened f;
    for (std::int64_t id = 1; id <= 3; ++id) f.items.create({.id = id});
    const auto code = [&](const PageOptions<Item>& options) { return codeOf([&] { f.items.page(options); }); };
    const auto next = f.items.page({.size = 1}).next;
    REQUIRE(next.has_value());
    CHECK(code({.size = 0}) == ErrorCode::InvalidArgument);
    CHECK(code({.after = next, .orderBy = ascending(&Item::value)}) == ErrorCode::InvalidArgument);
    CHECK(code({.after = next, .orderBy = descending(&Item::id)}) == ErrorCode::InvalidArgument);
    CHECK(code({.orderBy = Ordering<Item>{"no such column", Order::Ascending}}) == ErrorCode::InvalidArgument);
    for (const char* text :
         {"",          "x",          ".",          "..",           "6964",     "6964.",     "6964.+",     "6964.-",
          "6964.x.i1", "6964.+.",    "6964.+.i",   "6964.+.i1.i2", "6964.+.n", "6964.+.x1", "6964.+.i1x", "6964.+.r1.5",
          "6964.+.t5", "6964.+.tzz", "6964.+.bzz", "6964.+.n1",    "7.+.i1",   "6965.+.i1"}) {
      CAPTURE(text);
      CHECK(code({.after = text}) == ErrorCode::InvalidArgument);
    }
    CHECK_FALSE(code({.after = next}).has_value());
  }
}
