// createMany() where it adds several rows by one statement, and where it must not.

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/repository.hpp>

#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Alarm {
  std::int64_t id{};
  std::string text{};
  std::optional<std::string> note{};
  std::vector<std::uint8_t> trace{};
  bool operator==(const Alarm&) const = default;
};

struct Link {
  std::int64_t from{};
  std::int64_t to{};
};

struct Number {
  std::int64_t id{};
};

struct Node {
  std::int64_t id{};
  std::optional<std::int64_t> neighbour{};
};

}  // namespace

template <>
struct holdfast::Mapping<Alarm> {
  static constexpr auto table =
      holdfast::table<Alarm>("alarm", primaryKey("id", &Alarm::id), column("text", &Alarm::text).unique(),
                             column("note", &Alarm::note), column("trace", &Alarm::trace));
};
template <>
struct holdfast::Mapping<Link> {
  static constexpr auto table =
      holdfast::table<Link>("link", primaryKey("from", &Link::from), primaryKey("to", &Link::to));
};
template <>
struct holdfast::Mapping<Node> {
  static constexpr auto table = holdfast::table<Node>("node", primaryKey("id", &Node::id),
                                                      column("neighbour", &Node::neighbour).references("node", "id"));
};
template <>
struct holdfast::Mapping<Number> {
  static constexpr auto table = holdfast::table<Number>("number", primaryKey("id", &Number::id));
};

namespace {

constexpr std::int64_t kMany = 100;

struct Opened : PoolFixture {
  Opened() {
    open();
    alarms.createTable();
  }
  static std::vector<Alarm> made(std::int64_t count, std::int64_t firstId = 0) {
    std::vector<Alarm> all;
    for (std::int64_t i = 0; i < count; ++i) {
      Alarm alarm{.id = firstId == 0 ? 0 : firstId + i, .text = "alarm " + std::to_string(i)};
      if (i % 2 == 0) alarm.note = "a note that is too long to be kept in a string itself " + std::to_string(i);
      alarm.trace.assign(static_cast<std::size_t>(i % 5), static_cast<std::uint8_t>(i));
      all.push_back(std::move(alarm));
    }
    return all;
  }
  /// Checks that each is in the table as it was returned.
  void checkStored(const std::vector<Alarm>& created) const {
    CHECK(alarms.count() == static_cast<std::int64_t>(created.size()));
    for (const Alarm& alarm : created) {
      const std::optional<Alarm> stored = alarms.findById(alarm.id);
      REQUIRE(stored);
      CHECK(*stored == alarm);
    }
  }
  /// Rows that the last statement of the transaction has added.
  static std::int64_t rowsOfLastStatement(Transaction& tx) {
    return tx.query("SELECT changes()").front().get<std::int64_t>(0);
  }

  BaseRepository<Alarm> alarms{pool};
};

}  // namespace

TEST_SUITE("integration/repository_create_many") {
  TEST_CASE("many rows take few statements, and each has its key") {
    Opened f;
    std::vector<Alarm> created;
    f.pool.transaction([&](Transaction& tx) {
      created = f.alarms.in(tx).createMany(Opened::made(1 + 3 * 32));
      CHECK(Opened::rowsOfLastStatement(tx) == 32);
    });
    for (std::size_t i = 0; i < created.size(); ++i) CHECK(created[i].id == static_cast<std::int64_t>(i + 1));
    f.checkStored(created);
    f.pool.run("DELETE FROM alarm");
    f.checkStored(f.alarms.createMany(Opened::made(kMany)));
  }

  TEST_CASE("keys that are given take few statements, too, also those of several columns") {
    Opened f;
    f.checkStored(f.alarms.createMany(Opened::made(kMany, 500)));
    const BaseRepository<Link> links(f.pool);
    links.createTable();
    std::vector<Link> all;
    for (std::int64_t i = 0; i < 64; ++i) all.push_back({i, 2 * i});
    f.pool.transaction([&](Transaction& tx) {
      links.in(tx).createMany(all);
      CHECK(Opened::rowsOfLastStatement(tx) == 32);
    });
    CHECK(links.exists({63, 126}));
  }

  TEST_CASE("a table of nothing but keys") {
    Opened f;
    const BaseRepository<Number> numbers(f.pool);
    numbers.createTable();
    const std::vector<Number> created = numbers.createMany(std::vector<Number>(kMany));
    CHECK(created.back().id == kMany);
    CHECK(numbers.count() == kMany);
  }

  TEST_CASE("keys that are given among those that are found") {
    Opened f;
    std::vector<Alarm> all = Opened::made(kMany);
    all[40].id = 1000;
    all[70].id = 500;
    const std::vector<Alarm> created = f.alarms.createMany(all);
    CHECK(created[39].id == 40);
    CHECK(created[41].id == 1001);
    CHECK(created[99].id == 1058);
    f.checkStored(created);
  }

  TEST_CASE("the error names the row that violates a constraint, and nothing is added") {
    Opened f;
    std::vector<Alarm> all = Opened::made(kMany);
    all[49].text = all[12].text;
    const std::string error = errorOf([&] { f.alarms.createMany(all); })->what();
    INFO(error);
    CHECK(error.find("50") != std::string::npos);
    CHECK(f.alarms.count() == 0);
    // In a transaction that goes on it has changed nothing either.
    f.pool.transaction([&](Transaction& tx) {
      f.alarms.in(tx).create({.text = "before"});
      CHECK(codeOf([&] { f.alarms.in(tx).createMany(all); }) == ErrorCode::Constraint);
      f.alarms.in(tx).create({.text = "after"});
    });
    CHECK(f.alarms.count() == 2);
  }

  TEST_CASE("behind the largest key that there is SQLite takes any that is free") {
    Opened f;
    constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
    f.alarms.create({.id = kLargest - 10, .text = "there"});
    std::vector<Alarm> created = f.alarms.createMany(Opened::made(kMany));
    CHECK(created[9].id == kLargest);
    created.push_back({.id = kLargest - 10, .text = "there"});
    f.checkStored(created);
  }

  TEST_CASE("a row may not refer to one that comes later, however many there are") {
    Opened f;
    const BaseRepository<Node> nodes(f.pool);
    nodes.createTable();
    const auto chain = [](std::int64_t count, std::int64_t step) {
      std::vector<Node> all;
      for (std::int64_t id = 1; id <= count; ++id) all.push_back({.id = id, .neighbour = {}});
      for (std::int64_t i = 1; i < count; ++i) {
        all[static_cast<std::size_t>(step < 0 ? i : i - 1)].neighbour = step < 0 ? i : i + 1;
      }
      return all;
    };
    CHECK(codeOf([&] { nodes.createMany(chain(32, +1)); }) == ErrorCode::Constraint);
    CHECK(codeOf([&] { nodes.createMany(chain(33, +1)); }) == ErrorCode::Constraint);
    CHECK(nodes.createMany(chain(40, -1)).size() == 40);
  }

  TEST_CASE("a trigger that adds and removes rows of the same table") {
    Opened f;
    // As many are added as removed: counting keys from the first one to the last would name other rows.
    f.pool.run(
        "CREATE TRIGGER one AFTER INSERT ON alarm WHEN new.text = 'alarm 5' BEGIN "
        "INSERT INTO alarm(text, trace) VALUES ('by the trigger', x''); END");
    f.pool.run(
        "CREATE TRIGGER two BEFORE INSERT ON alarm WHEN new.text = 'alarm 20' BEGIN "
        "DELETE FROM alarm WHERE id = (SELECT max(id) FROM alarm); END");
    const std::vector<Alarm> created = f.alarms.createMany(Opened::made(kMany));
    CHECK(f.alarms.count() == kMany);
    for (std::int64_t i = 0; i < kMany; ++i) {
      if (i == 19) continue;  // Removed by the trigger.
      const Alarm& alarm = created[static_cast<std::size_t>(i)];
      CHECK(f.alarms.findById(alarm.id)->text == alarm.text);
    }
  }

  TEST_CASE("conflict clauses: ignore, replace, rollback") {
    Opened f;
    f.pool.run("DROP TABLE alarm");
    f.pool.run(
        "CREATE TABLE alarm(id INTEGER PRIMARY KEY, text TEXT UNIQUE ON CONFLICT IGNORE, note TEXT, trace BLOB)");
    std::vector<Alarm> all = Opened::made(kMany);
    all[60].text = all[50].text;
    CHECK(codeOf([&] { f.alarms.createMany(all); }) == ErrorCode::Constraint);
    CHECK(f.alarms.count() == 0);

    f.pool.run("DROP TABLE alarm");
    f.pool.run(
        "CREATE TABLE alarm(id INTEGER PRIMARY KEY, text TEXT UNIQUE ON CONFLICT REPLACE, note TEXT, trace BLOB)");
    const std::vector<Alarm> created = f.alarms.createMany(all);
    CHECK(f.alarms.count() == kMany - 1);
    CHECK(f.alarms.findById(created[60].id)->text == all[50].text);
    CHECK_FALSE(f.alarms.findById(created[50].id));

    // One that undoes the whole transaction is told as itself.
    f.pool.run("DROP TABLE alarm");
    f.pool.run(
        "CREATE TABLE alarm(id INTEGER PRIMARY KEY, text TEXT UNIQUE ON CONFLICT ROLLBACK, note TEXT, trace BLOB)");
    CHECK(codeOf([&] { f.alarms.createMany(all); }) == ErrorCode::Constraint);
    CHECK(f.alarms.count() == 0);
    CHECK(f.alarms.createMany(Opened::made(kMany)).size() == kMany);
  }

  TEST_CASE("a repository of a derived class, which may have hooks, adds row by row") {
    struct Numbered : BaseRepository<Alarm> {
      using BaseRepository::BaseRepository;
      void beforeCreate(Alarm& alarm, Transaction* tx) const override {
        alarm.text = std::to_string(tx->query("SELECT count(*) FROM alarm").front().get<std::int64_t>(0));
      }
    };
    Opened f;
    const std::vector<Alarm> created = Numbered(f.pool).createMany(Opened::made(kMany));
    CHECK(created.back().text == "99");
    f.checkStored(created);
  }

  TEST_CASE("a derived class that has none around create() says so") {
    struct Plain : BaseRepository<Alarm> {
      using BaseRepository::BaseRepository;
      bool hasCreateHooks() const override { return false; }
    };
    Opened f;
    const Plain alarms(f.pool);
    f.pool.transaction([&](Transaction& tx) {
      alarms.in(tx).createMany(Opened::made(33));
      CHECK(Opened::rowsOfLastStatement(tx) == 32);
    });
  }
}
