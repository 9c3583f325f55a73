#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/repository.hpp>

#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Setting {
  std::int64_t id{};
  std::string name{};
  std::int64_t value{};
  bool operator==(const Setting&) const = default;
};

struct Label {
  std::string name{};
  std::string text{};
};

}  // namespace

template <>
struct holdfast::Mapping<Setting> {
  static constexpr auto table =
      holdfast::table<Setting>("setting", primaryKey("id", &Setting::id), column("name", &Setting::name).unique(),
                               column("value", &Setting::value));
};
template <>
struct holdfast::Mapping<Label> {
  static constexpr auto table =
      holdfast::table<Label>("label", primaryKey("name", &Label::name), column("text", &Label::text));
};

namespace {

struct Cached : PoolFixture {
  explicit Cached(std::size_t poolSize = 4, RepositoryOptions options = {.cacheEnabled = true})
      : PoolFixture(poolSize), settings(pool, options), labels(pool, {.cacheEnabled = true}) {
    open();
    settings.createTable();
    labels.createTable();
    for (int i = 1; i <= 5; ++i) settings.create({.name = "s" + std::to_string(i), .value = i});
  }
  std::uint64_t hits() { return settings.metrics().cache.hits; }
  std::int64_t valueOf(std::int64_t id) { return settings.findById(id).value_or(Setting{}).value; }
  /// Whether the cache answers.
  bool isKept(std::int64_t id) {
    const std::uint64_t before = hits();
    settings.findById(id);
    return hits() != before;
  }

  BaseRepository<Setting> settings;
  BaseRepository<Label> labels;
};

}  // namespace

TEST_CASE("a repository finds in its cache what it has read") {
  Cached f;
  CHECK_FALSE(f.isKept(1));
  CHECK(f.isKept(1));
  CHECK(f.valueOf(1) == 1);
  CHECK_FALSE(f.settings.findById(99));
  CHECK_FALSE(f.settings.findById(99));
  const RepositoryMetrics metrics = f.settings.metrics();
  CHECK(metrics.cache.negativeHits == 1);
  CHECK(metrics.cacheHitRate > 0.4);
  CHECK(metrics.queryCount >= 5);
  CHECK(metrics.cache.bytes > 0);
  CHECK(f.settings.findShared(1) == f.settings.findShared(1));
  CHECK(f.settings.findShared(99) == nullptr);
}

TEST_CASE("a repository keeps queries and counts") {
  Cached f;
  const QueryOptions<Setting> large{.where = field(&Setting::value) > 2, .orderBy = {ascending(&Setting::id)}};
  CHECK(f.settings.findMany(large).size() == 3);
  CHECK(f.settings.findMany(large).size() == 3);
  CHECK(f.settings.count(large) == 3);
  CHECK(f.settings.count(large) == 3);
  CHECK(f.hits() == 2);
  CHECK(f.settings.findMany({.where = field(&Setting::value) > 3}).size() == 2);  // Another value is another query.
  CHECK(f.hits() == 2);
  f.settings.create({.name = "six", .value = 6});
  CHECK(f.settings.findMany(large).size() == 4);
  CHECK(f.settings.count(large) == 4);
  CHECK(f.settings.findOne(large)->value == 3);
}

TEST_CASE("whatever changes the table ends what is kept of it") {
  Cached f;
  const auto changedBy = [&](auto change) {
    f.valueOf(1);
    REQUIRE(f.isKept(1));
    change();
    return !f.isKept(1);
  };
  CHECK(changedBy([&] { f.settings.update(1, {set(&Setting::value, std::int64_t{10})}); }));
  CHECK(f.valueOf(1) == 10);
  CHECK(changedBy([&] { f.pool.run("UPDATE setting SET value = 11 WHERE id = 1"); }));
  CHECK(f.valueOf(1) == 11);
  CHECK(changedBy([&] {
    f.pool.transaction([&](Transaction& tx) { f.settings.in(tx).update(1, {set(&Setting::value, std::int64_t{12})}); });
  }));
  CHECK(f.valueOf(1) == 12);
  CHECK(changedBy([&] { f.pool.post("UPDATE setting SET value = 13 WHERE id = 1"), f.pool.flush(); }));
  CHECK(f.valueOf(1) == 13);
  CHECK(changedBy([&] { f.pool.acquire()->run("UPDATE setting SET value = 14 WHERE id = 1"); }));
  CHECK(f.valueOf(1) == 14);
  CHECK(changedBy([&] { rawText(f.pool.acquire()->nativeHandle(), "UPDATE setting SET value = 15 WHERE id = 1"); }));
  CHECK(f.valueOf(1) == 15);
  CHECK(changedBy([&] { RawSqlite(f.config.database).run("UPDATE setting SET value = 16 WHERE id = 1"); }));
  CHECK(f.valueOf(1) == 16);
  CHECK_FALSE(changedBy([&] { f.labels.create({.name = "a", .text = "b"}); }));  // Another table.
  CHECK(changedBy([&] { f.settings.remove(1); }));
  CHECK_FALSE(f.settings.findById(1));
  f.settings.create({.id = 1, .name = "again", .value = 17});
  CHECK(f.valueOf(1) == 17);  // That there was none is forgotten, too.
}

TEST_CASE("what is rolled back changes nothing that is kept") {
  Cached f;
  f.valueOf(1);
  Transaction tx = f.pool.begin();
  f.settings.in(tx).update(1, {set(&Setting::value, std::int64_t{10})});
  CHECK(f.settings.in(tx).findById(1)->value == 10);  // The cache is passed by in a transaction,
  tx.rollback();
  CHECK(f.isKept(1));  // and what it saw is not kept.
  CHECK(f.valueOf(1) == 1);
}

TEST_CASE("a transaction's own view never gets into the cache") {
  Cached f;
  Transaction tx = f.pool.begin();
  f.settings.in(tx).update(2, {set(&Setting::value, std::int64_t{20})});
  CHECK(f.settings.in(tx).findMany({.where = field(&Setting::value) == 20}).size() == 1);
  CHECK(f.settings.findMany({.where = field(&Setting::value) == 20}).empty());
  CHECK(f.valueOf(2) == 2);
  tx.commit();
  CHECK(f.valueOf(2) == 20);
  CHECK(f.settings.findMany({.where = field(&Setting::value) == 20}).size() == 1);
}

TEST_CASE("a view is kept until a table under it changes") {
  Cached f;
  f.pool.run("DROP TABLE label");
  f.pool.run("CREATE VIEW label AS SELECT name, 'v' || value AS text FROM setting");
  CHECK(f.labels.findById("s1")->text == "v1");
  CHECK(f.labels.findById("s1")->text == "v1");
  CHECK(f.labels.metrics().cache.hits == 1);
  f.pool.run("UPDATE setting SET value = 100 WHERE id = 1");
  CHECK(f.labels.findById("s1")->text == "v100");
}

TEST_CASE("a view that comes to read other tables is kept until those change") {
  for (const bool byCursor : {true, false}) {
    Cached f;
    f.pool.run("DROP TABLE label");
    f.pool.run("CREATE TABLE text(name TEXT, value INTEGER)");
    f.pool.run("INSERT INTO text VALUES ('s1', 10)");
    f.pool.run("CREATE VIEW label AS SELECT name, 'v' || value AS text FROM setting");
    f.labels.findMany();
    f.pool.transaction([](Transaction& tx) {
      tx.run("DROP VIEW label");
      tx.run("CREATE VIEW label AS SELECT name, 'v' || value AS text FROM text");
    });
    // Prepares the kept text again, and then others are prepared.
    if (byCursor) {
      for (const Label& label : f.labels.stream()) CHECK(label.text == "v10");
      f.pool.query("SELECT 1 + 2");
    } else {
      f.pool.read([](ReadTransaction& snapshot) {
        snapshot.forEach(Sql::unchecked("SELECT \"name\", \"text\" FROM \"label\""),
                         [&](const RowView&) { snapshot.query("SELECT 3 + 4"); });
      });
    }
    CHECK(f.labels.findMany().at(0).text == "v10");
    f.pool.run("UPDATE text SET value = 20");
    CHECK(f.labels.findMany().at(0).text == "v20");
  }
}

TEST_CASE("a repository with a cache outlives its pool") {
  std::optional<BaseRepository<Setting>> settings;
  Observation observation;
  {
    PoolFixture f;
    f.open();
    settings.emplace(f.pool, RepositoryOptions{.cacheEnabled = true});
    settings->createTable();
    settings->create({.name = "a"});
    settings->findById(1);
    observation = settings->observe({}, [](const std::vector<Setting>&) {});
  }
  CHECK(settings->metrics().cache.entries == 1);
  settings.reset();
  observation.stop();
}

TEST_CASE("observers of repositories come and go while handles are replaced") {
  Cached f;
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) f.settings.findById(1);
  });
  std::thread renewer([&] {
    while (!stop) f.pool.acquire().discard();
  });
  for (int i = 0; i < 300; ++i) {
    BaseRepository<Setting> own(f.pool, {.cacheEnabled = true});
    const Observation observation = own.observe({}, [](const std::vector<Setting>&) {});
    RawSqlite(f.config.database).tryRun("UPDATE setting SET value = value + 1");
  }
  stop = true;
  reader.join();
  renewer.join();
  CHECK(f.settings.findById(1).has_value());
}

TEST_CASE("a query of two tables is kept until either changes") {
  Cached f;
  f.labels.create({.name = "s1", .text = ""});
  f.settings.findById(1);  // What is likely to be read is this table alone.
  const auto query = [&] {
    return f.settings.findMany({.where = Where<Setting>(Condition::raw("name IN (SELECT name FROM label)"))}).size();
  };
  CHECK(query() == 1);
  f.labels.create({.name = "s2", .text = ""});
  CHECK(query() == 2);
}

TEST_CASE("a repository's cache ages and is bounded and forgets on request") {
  const auto clock = std::make_shared<ManualClock>();
  Cached f(4, {.cacheEnabled = true, .cacheTtl = 10s, .cacheMaxEntries = 2, .clock = clock});
  f.valueOf(1);
  clock->advance(10s);
  CHECK_FALSE(f.isKept(1));
  f.valueOf(2);
  f.valueOf(3);
  CHECK_FALSE(f.isKept(1));
  CHECK(f.settings.cache().invalidate("setting:1"));
  CHECK_FALSE(f.isKept(1));
  CHECK(f.settings.cache().invalidatePattern("setting:*") == 2);
  BaseRepository<Setting> plain(f.pool);
  const auto error = errorOf([&] { plain.cache(); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::Misuse);
}

TEST_CASE("a cached repository is used as wrongly as one without cache") {
  Cached f;
  f.valueOf(1);
  const auto inside = errorOf([&] { f.pool.transaction([&](Transaction&) { f.settings.findById(1); }); });
  REQUIRE(inside);
  CHECK(inside->code() == ErrorCode::Misuse);
  f.pool.close();
  const auto closed = errorOf([&] { f.settings.findById(1); });
  REQUIRE(closed);
  CHECK(closed->code() == ErrorCode::PoolClosed);
  f.open();
  CHECK(f.valueOf(1) == 1);
}

TEST_CASE("a repository tells who observes it what is there now") {
  Cached f;
  std::vector<std::int64_t> seen;
  const Observation observation =
      f.settings.observe({.where = field(&Setting::value) > 3, .orderBy = {ascending(&Setting::id)}},
                         [&](const std::vector<Setting>& found) {
                           seen.clear();
                           for (const Setting& setting : found) seen.push_back(setting.value);
                         });
  f.pool.tick();
  CHECK(seen.empty());
  f.settings.update(1, {set(&Setting::value, std::int64_t{7})});
  f.pool.tick();
  CHECK(seen == std::vector<std::int64_t>{7, 4, 5});
  CHECK(errorOf([&] {
          static_cast<void>(
              f.labels.observe({.where = Where<Label>(Condition::raw("nothing = 1"))}, [](const auto&) {}));
        })->code() == ErrorCode::InvalidSql);
}

TEST_CASE("observing takes a function and no transaction") {
  Cached f;
  CHECK(errorOf([&] { static_cast<void>(f.settings.observe({}, nullptr)); })->code() == ErrorCode::InvalidArgument);
  Transaction tx = f.pool.begin();
  const auto ignore = [](const std::vector<Setting>&) {};
  CHECK(errorOf([&] { static_cast<void>(f.settings.in(tx).observe({}, ignore)); })->code() == ErrorCode::Misuse);
  CHECK(errorOf([&] { static_cast<void>(f.settings.observe({.transaction = &tx}, ignore)); })->code() ==
        ErrorCode::Misuse);
}

TEST_CASE("lists of texts that are no UTF-8 and numbers below zero are refused") {
  Cached f;
  std::vector<std::string> names(20, "s1");
  names.back() = "\xff";
  CHECK(errorOf([&] { f.settings.findMany({.where = field(&Setting::name).in(names)}); })->code() ==
        ErrorCode::InvalidArgument);
  CHECK(errorOf([&] { f.settings.findMany({.limit = -1}); })->code() == ErrorCode::InvalidArgument);
  CHECK(errorOf([&] { f.settings.findMany({.offset = -1}); })->code() == ErrorCode::InvalidArgument);
}

TEST_CASE("a stream whose rows cannot be read ends") {
  Cached f;
  f.pool.run("DROP TABLE label");
  f.pool.run("CREATE TABLE label(name TEXT, text ANY)");
  f.pool.run("INSERT INTO label VALUES ('a', 'b'), ('c', 5)");
  int seen = 0;
  CHECK(errorOf([&] {
          for (const Label& label : f.labels.stream()) seen += label.text == "b" ? 1 : 0;
        })->code() == ErrorCode::TypeMismatch);
  CHECK(seen == 1);
  CHECK(f.pool.leases().empty());
}

TEST_CASE("no read after a commit finds what was there before it") {
  for (const std::size_t poolSize : {std::size_t{1}, std::size_t{4}}) {
    Cached f(poolSize);
    std::atomic<std::int64_t> committed{0};
    std::atomic<bool> stop{false};
    std::atomic<int> stale{0};
    std::atomic<int> backwards{0};
    std::vector<std::thread> threads;
    for (int r = 0; r < 3; ++r) {
      threads.emplace_back([&, r] {
        std::int64_t last = 0;
        while (!stop) {
          const std::int64_t atLeast = committed;
          const std::int64_t seen = r == 2 ? f.settings.findMany({.where = field(&Setting::id) == 1}).front().value
                                           : f.settings.findById(1)->value;
          if (seen < atLeast) ++stale;
          if (seen < last) ++backwards;
          last = seen;
          // What was seen without the cache, the cache must not deny.
          const auto bare = f.pool.queryValue<std::int64_t>("SELECT value FROM setting WHERE id = 1").value_or(0);
          if (f.settings.findById(1)->value < bare) ++stale;
        }
      });
    }
    f.settings.update(1, {set(&Setting::value, std::int64_t{1000})});
    committed = 1000;
    std::thread others([&] {
      while (!stop) f.pool.run("UPDATE setting SET value = value + 1 WHERE id = 3");
    });
    RawSqlite foreign(f.config.database);
    foreign.run("PRAGMA busy_timeout = 60000");
    for (std::int64_t i = 1001; i < 1600; ++i) {
      if (i % 3 == 0) {
        foreign.run("UPDATE setting SET value = " + std::to_string(i) + " WHERE id = 1");
      } else {
        f.pool.run("UPDATE setting SET value = ? WHERE id = 1", i);
      }
      committed = i;
    }
    stop = true;
    others.join();
    for (std::thread& thread : threads) thread.join();
    CHECK(stale == 0);
    CHECK(backwards == 0);
    CHECK(f.hits() > 0);
  }
}
