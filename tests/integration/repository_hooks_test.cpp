// What a repository calls before and after its writes; chosen columns; transactions by option.

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <holdfast/repository.hpp>

#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Item {
  std::int64_t id{};
  std::string name{};
  std::int64_t version{};
};

struct Audit {
  std::int64_t id{};
  std::string text{};
};

}  // namespace

template <>
struct holdfast::Mapping<Item> {
  static constexpr auto table =
      holdfast::table<Item>("item", primaryKey("id", &Item::id), column("name", &Item::name).unique().maxLength(9),
                            column("version", &Item::version));
};
template <>
struct holdfast::Mapping<Audit> {
  static constexpr auto table =
      holdfast::table<Audit>("audit", primaryKey("id", &Audit::id), column("text", &Audit::text));
};

namespace {

/// Keeps what is called, and writes it to a table where there is a transaction.
struct Watched : BaseRepository<Item> {
  Watched(ConnectionPool& pool, const BaseRepository<Audit>& audits) : BaseRepository(pool), audit(audits) {}

  void note(const std::string& text, Transaction* transaction) const {
    calls.push_back(text + (transaction != nullptr ? " in" : ""));
    if (transaction != nullptr) audit.in(*transaction).create({.text = text});
    if (text == refused) throw std::runtime_error(text);
  }
  void beforeCreate(Item& item, Transaction* transaction) const override {
    item.version = 1;
    note("before create " + item.name, transaction);
  }
  void afterCreate(const Item& item, Transaction* transaction) const override {
    note("after create " + std::to_string(item.id), transaction);
  }
  void beforeUpsert(Item& item, Transaction* transaction) const override {
    ++item.version;
    note("before upsert", transaction);
  }
  void afterUpsert(const Item& item, Transaction* transaction) const override {
    note("after upsert " + std::to_string(item.id), transaction);
  }
  void beforeUpdate(const std::int64_t& id, Changes<Item>& changes, Transaction* transaction) const override {
    if (!changes.has(&Item::version)) changes.set(&Item::version, 77);
    note("before update " + std::to_string(id), transaction);
  }
  void afterUpdate(const Item& item, Transaction* transaction) const override {
    note("after update " + item.name, transaction);
  }
  void beforeRemove(const std::int64_t& id, Transaction* transaction) const override {
    note("before remove " + std::to_string(id), transaction);
  }
  void afterRemove(const std::int64_t& id, Transaction* transaction) const override {
    note("after remove " + std::to_string(id), transaction);
  }
  void beforeUpdateMany(const Where<Item>&, Changes<Item>& changes, Transaction* transaction) const override {
    changes.set(&Item::version, 88);
    note("before updateMany", transaction);
  }
  void afterUpdateMany(const Where<Item>&, const Changes<Item>&, std::int64_t rows, Transaction* tx) const override {
    note("after updateMany " + std::to_string(rows), tx);
  }
  void beforeRemoveMany(const Where<Item>&, Transaction* transaction) const override {
    note("before removeMany", transaction);
  }
  void afterRemoveMany(const Where<Item>&, std::int64_t rows, Transaction* transaction) const override {
    note("after removeMany " + std::to_string(rows), transaction);
  }

  const BaseRepository<Audit>& audit;
  mutable std::vector<std::string> calls;
  std::string refused;
};

using Calls = std::vector<std::string>;

struct Opened : PoolFixture {
  Opened() {
    open();
    items.createTable();
    audits.createTable();
  }
  Calls calls() { return std::exchange(items.calls, {}); }
  BaseRepository<Audit> audits{pool};
  Watched items{pool, audits};
};

}  // namespace

TEST_SUITE("integration/repository_hooks") {
  TEST_CASE("every write calls its hooks and before may change what is written") {
    Opened f;
    const Item made = f.items.create({.name = "a"});
    CHECK(made.version == 1);
    CHECK(f.items.findById(made.id)->version == 1);
    CHECK(f.calls() == Calls{"before create a", "after create 1"});
    CHECK(f.items.upsert(made).version == 2);
    CHECK(f.items.findById(1)->version == 2);
    CHECK(f.calls() == Calls{"before upsert", "after upsert 1"});
    CHECK(f.items.upsert({.name = "new"}).id == 2);
    CHECK(f.calls() == Calls{"before upsert", "after upsert 2"});
    CHECK(f.items.update(1, {set(&Item::name, "b")})->version == 77);
    CHECK(f.items.update(1, {set(&Item::version, std::int64_t{5})})->version == 5);
    CHECK(f.calls() == Calls{"before update 1", "after update b", "before update 1", "after update b"});
    CHECK(f.items.updateMany(everyRow<Item>(), {set(&Item::version, std::int64_t{6})}) == 2);
    CHECK(f.items.count({.where = field(&Item::version) == 88}) == 2);  // The one that was added last counts.
    CHECK(f.items.update(1, {})->version == 77);                        // The hook makes it an update of something.
    CHECK(f.calls().size() == 4);
    CHECK(f.items.remove(1));
    CHECK(f.items.removeMany(everyRow<Item>()) == 1);
    CHECK(f.calls() == Calls{"before remove 1", "after remove 1", "before removeMany", "after removeMany 1"});
    CHECK(f.audits.count() == 0);
  }

  TEST_CASE("what changes nothing is not followed by after") {
    Opened f;
    CHECK_FALSE(f.items.update(9, {set(&Item::name, "b")}).has_value());
    CHECK_FALSE(f.items.remove(9));
    CHECK(codeOf([&] { f.items.create({.name = "much too long"}); }) == ErrorCode::Constraint);
    CHECK(f.calls() == Calls{"before update 9", "before remove 9", "before create much too long"});
  }

  TEST_CASE("a hook before a write can refuse it") {
    Opened f;
    f.items.refused = "before create no";
    CHECK_THROWS_WITH_AS(f.items.create({.name = "no"}), "before create no", std::runtime_error);
    CHECK(f.items.count() == 0);
    CHECK_THROWS_AS(f.items.createMany({{.name = "yes"}, {.name = "no"}}), std::runtime_error);
    CHECK(f.items.count() == 0);
    CHECK(f.audits.count() == 0);
  }

  TEST_CASE("createMany() calls the hooks of create() for each in its transaction") {
    Opened f;
    const auto made = f.items.createMany({{.name = "a"}, {.name = "b"}});
    CHECK(made[1].version == 1);
    CHECK(f.calls() == Calls{"before create a in", "after create 1 in", "before create b in", "after create 2 in"});
    CHECK(f.audits.count() == 4);
  }

  TEST_CASE("in a transaction the hooks of the original run inside of it") {
    Opened f;
    f.pool.transaction([&](Transaction& tx) {
      const auto inside = f.items.in(tx);
      const Item made = inside.create({.name = "a"});
      inside.update(made.id, {set(&Item::name, "b")});
      tx.transaction([&](Transaction& nested) { inside.in(nested).remove(made.id); });
    });
    CHECK(f.calls() == Calls{"before create a in", "after create 1 in", "before update 1 in", "after update b in",
                             "before remove 1 in", "after remove 1 in"});
    CHECK(f.audits.count() == 6);
    f.items.refused = "after create 1";
    CHECK_THROWS_AS(f.pool.transaction([&](Transaction& tx) { f.items.in(tx).create({.name = "undone"}); }),
                    std::runtime_error);
    CHECK(f.items.count() == 0);
    CHECK(f.audits.count() == 6);
    // Outside of one the write is committed before: it stays.
    CHECK_THROWS_AS(f.items.create({.name = "stays"}), std::runtime_error);
    CHECK(f.items.count() == 1);
  }

  TEST_CASE("only the chosen columns are read and the key always") {
    Opened f;
    f.items.create({.name = "a"});
    CHECK(f.items.findMany({.select = {&Item::version}})[0].id == 1);
    CHECK(f.items.findMany({.select = {&Item::version}})[0].name.empty());
    CHECK(f.items.findById(1, {.select = {&Item::name}})->name == "a");
    CHECK(f.items.findById(1, {.select = {&Item::name, &Item::name}})->version == 0);
    CHECK(f.items.findOne({.select = {&Item::name}, .where = field(&Item::version) == 1})->version == 0);
    CHECK(f.items.findById(1, {})->version == 1);
    // A column that cannot be read does not matter where it is not chosen.
    f.pool.run("ALTER TABLE item DROP COLUMN version");
    CHECK(f.items.findById(1, {.select = {&Item::name}})->name == "a");
  }

  TEST_CASE("a query runs in the transaction that its options name") {
    Opened f;
    f.items.create({.name = "a"});
    f.pool.transaction([&](Transaction& tx) {
      f.items.in(tx).create({.name = "b"});
      CHECK(f.items.findMany({.transaction = &tx}).size() == 2);
      CHECK(f.items.findById(2, {.transaction = &tx})->name == "b");
      CHECK(f.items.findOne({.where = field(&Item::name) == "b", .transaction = &tx}).has_value());
      CHECK(f.items.count({.transaction = &tx}) == 2);
      CHECK(f.items.page({.size = 5, .transaction = &tx}).items.size() == 2);
      tx.rollback();
    });
    CHECK(f.items.count() == 1);
  }

  TEST_CASE("createMany() keeps the keys that are given and has the others found") {
    Opened f;
    std::vector<Item> items{{.name = "a"}, {.name = "b"}};
    items = f.items.createMany(std::move(items));
    CHECK(items[0].id == 1);
    items = f.items.createMany({{.id = 40, .name = "c"}, {.name = "d"}});
    CHECK(items[0].id == 40);
    CHECK(items[1].id == 41);
  }
}
