// Entities that are read with the ones that they are related to.

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/repository.hpp>

#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/where.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Device;
struct Tag;

struct Site {
  Uuid id{};
  std::string name{};
};

struct Reading {
  std::int64_t id{};
  std::optional<std::int64_t> deviceId{};
  double value{};
  std::shared_ptr<Device> device{};
};

struct Settings {
  std::int64_t id{};
  std::int64_t deviceId{};
  std::string mode{};
};

struct Device {
  std::int64_t id{};
  std::string name{};
  Uuid siteId{};
  std::optional<Site> site{};
  std::vector<Reading> readings{};
  std::optional<Settings> settings{};
  std::vector<Tag> tags;  // Without a value: its entity is not complete yet.
};

/// Has columns that are called like those of the link table.
struct Tag {
  std::string id{};
  std::string deviceId{};
  std::vector<Device> devices{};
};

/// Does something while a row is read.
struct Watched {
  std::string text{};
  inline static std::function<void()> whileRead;
};

/// The device again.
struct WatchedDevice {
  std::int64_t id{};
  Watched name{};
  std::vector<Reading> readings{};
};

/// The device once more, with a member that looks like a relation.
struct Unrelated {
  std::int64_t id{};
  std::vector<Reading> readings{};
  std::vector<Reading> others{};
};

}  // namespace

template <>
struct holdfast::Mapping<Unrelated> {
  static constexpr auto table = holdfast::table<Unrelated>("device", primaryKey("id", &Unrelated::id),
                                                           hasMany(&Unrelated::readings, &Reading::deviceId));
};
template <>
struct holdfast::ColumnType<Watched> {
  using Buffer = holdfast::NoBuffer;
  static constexpr holdfast::ColumnKind kind = holdfast::ColumnKind::Text;
  static constexpr bool nullable = false;
  static holdfast::ValueView bind(const Watched& value, Buffer& /*buffer*/) { return value.text; }
  static void read(const holdfast::ValueView& /*stored*/, std::string_view /*column*/, Watched& /*value*/) {
    Watched::whileRead();
  }
};

template <>
struct holdfast::Mapping<WatchedDevice> {
  static constexpr auto table = holdfast::table<WatchedDevice>("device", primaryKey("id", &WatchedDevice::id),
                                                               column("name", &WatchedDevice::name),
                                                               hasMany(&WatchedDevice::readings, &Reading::deviceId));
};
template <>
struct holdfast::Mapping<Site> {
  static constexpr auto table =
      holdfast::table<Site>("site", primaryKey("id", &Site::id), column("name", &Site::name)).withoutRowId();
};
template <>
struct holdfast::Mapping<Reading> {
  static constexpr auto table = holdfast::table<Reading>(
      "reading", primaryKey("id", &Reading::id), column("device_id", &Reading::deviceId).indexed(),
      column("value", &Reading::value), belongsTo(&Reading::device, &Reading::deviceId));
};
template <>
struct holdfast::Mapping<Settings> {
  static constexpr auto table =
      holdfast::table<Settings>("settings", primaryKey("id", &Settings::id), column("mode", &Settings::mode),
                                column("device_id", &Settings::deviceId).references("device", "id", "CASCADE"));
};
template <>
struct holdfast::Mapping<Device> {
  static constexpr auto table = holdfast::table<Device>(
      "device", primaryKey("id", &Device::id), column("name", &Device::name), column("site_id", &Device::siteId),
      belongsTo(&Device::site, &Device::siteId), hasMany(&Device::readings, &Reading::deviceId),
      hasOne(&Device::settings, &Settings::deviceId), manyToMany(&Device::tags, "device_tag", "device_id", "tag_id"));
};
template <>
struct holdfast::Mapping<Tag> {
  static constexpr auto table =
      holdfast::table<Tag>("tag", primaryKey("id", &Tag::id), column("device_id", &Tag::deviceId),
                           manyToMany(&Tag::devices, "device_tag", "tag_id", "device_id"));
};

namespace {

using Names = std::vector<std::string>;

struct Opened : PoolFixture {
  Opened() {
    open();
    sites.createTable();
    devices.createTable();
    tags.createTable();
    settings.createTable();
    readings.createTable();
    site = sites.create({Uuid::make(), "cellar"});
    for (const char* name : {"boiler", "pump", "idle"}) {
      Device device;
      device.name = name;
      device.siteId = site.id;
      devices.create(device);
    }
    // Not in the order of their keys.
    for (const std::int64_t id : {5, 3, 1}) readings.create({.id = id, .deviceId = 1, .value = 1.0 * double(id)});
    readings.create({.id = 4, .deviceId = 2, .value = 4});
    readings.create({.id = 2, .value = 2});
    settings.create({.deviceId = 2, .mode = "auto"});
    for (const char* id : {"wet", "hot"}) tags.create({id, "none", {}});
    pool.run("INSERT INTO device_tag VALUES (1, 'wet'), (1, 'hot'), (2, 'wet')");
  }
  /// Queries that the pool has carried out while `body` ran.
  template <typename F>
  std::uint64_t queriesOf(F body) {
    const auto before = pool.metrics().totalQueries;
    body();
    return pool.metrics().totalQueries - before;
  }
  static std::vector<std::int64_t> ids(const std::vector<Reading>& found) {
    std::vector<std::int64_t> result;
    for (const Reading& reading : found) result.push_back(reading.id);
    return result;
  }

  BaseRepository<Site> sites{pool};
  BaseRepository<Device> devices{pool};
  BaseRepository<Tag> tags{pool};
  BaseRepository<Settings> settings{pool};
  BaseRepository<Reading> readings{pool};
  Site site;
};

using Ids = std::vector<std::int64_t>;

}  // namespace

TEST_SUITE("integration/repository_relations") {
  TEST_CASE("an entity comes with the one that it belongs to") {
    Opened f;
    std::vector<Reading> found;
    CHECK(f.queriesOf([&] {
      found = f.readings.findMany({.orderBy = {ascending(&Reading::id)}, .include = {&Reading::device}});
    }) == 2);
    REQUIRE(found.size() == 5);
    CHECK(found[0].device->name == "boiler");
    CHECK(found[0].device == found[2].device);  // Shared.
    CHECK(found[1].device == nullptr);          // No foreign key.
    CHECK(found[3].device->name == "pump");
    CHECK(found[0].device->readings.empty());  // Not asked for.
    CHECK(f.readings.findMany()[0].device == nullptr);
  }

  TEST_CASE("an entity comes with all that belong to it in the order of their keys") {
    Opened f;
    std::vector<Device> found;
    CHECK(f.queriesOf([&] {
      found = f.devices.findMany({.orderBy = {ascending(&Device::id)}, .include = {&Device::readings}});
    }) == 2);
    REQUIRE(found.size() == 3);
    CHECK(Opened::ids(found[0].readings) == Ids{1, 3, 5});
    CHECK(Opened::ids(found[1].readings) == Ids{4});
    CHECK(found[2].readings.empty());
  }

  TEST_CASE("an entity comes with the one that belongs to it") {
    Opened f;
    const auto found = f.devices.findMany({.orderBy = {ascending(&Device::id)}, .include = {&Device::settings}});
    CHECK_FALSE(found[0].settings.has_value());
    CHECK(found[1].settings->mode == "auto");
    f.settings.create({.id = 50, .deviceId = 2, .mode = "later"});
    CHECK(f.devices.findById(2, {.include = {&Device::settings}})->settings->mode == "auto");
  }

  TEST_CASE("entities are joined by a link table from either side") {
    Opened f;
    std::vector<Device> found;
    CHECK(f.queriesOf([&] {
      found = f.devices.findMany({.orderBy = {ascending(&Device::id)}, .include = {&Device::tags}});
    }) == 2);
    REQUIRE(found[0].tags.size() == 2);
    CHECK(found[0].tags[0].id == "hot");
    CHECK(found[0].tags[1].id == "wet");
    CHECK(found[1].tags.size() == 1);
    CHECK(found[2].tags.empty());
    const auto wet = f.tags.findById("wet", {.include = {&Tag::devices}});
    REQUIRE(wet->devices.size() == 2);
    CHECK(wet->devices[0].name == "boiler");
    CHECK(wet->devices[1].name == "pump");
  }

  TEST_CASE("relations of relations are a query each") {
    Opened f;
    std::vector<Reading> found;
    CHECK(f.queriesOf([&] {
      found = f.readings.findMany(
          {.where = field(&Reading::deviceId) == 1,
           .include = {include(&Reading::device, &Device::site, include(&Device::tags, &Tag::devices))}});
    }) == 5);
    REQUIRE(found.size() == 3);
    CHECK(found[2].device->site->name == "cellar");
    CHECK(found[2].device->tags[1].devices[1].name == "pump");
  }

  TEST_CASE("several relations at once and one entity with its relations") {
    Opened f;
    const auto one = f.devices.findOne(
        {.where = field(&Device::name) == "boiler", .include = {&Device::readings, &Device::site, &Device::tags}});
    REQUIRE(one.has_value());
    CHECK(one->readings.size() == 3);
    CHECK(one->site->name == "cellar");
    CHECK(one->tags.size() == 2);
    CHECK(f.readings.findById(4, {.include = {&Reading::device}})->device->name == "pump");
    CHECK_FALSE(f.readings.findById(44, {.include = {&Reading::device}}).has_value());
    CHECK(f.devices.findMany({.where = field(&Device::id) > 100, .include = {&Device::readings}}).empty());
  }

  TEST_CASE("a foreign key is read also where it is not selected") {
    Opened f;
    const auto found = f.readings.findMany({.select = {&Reading::value}, .include = {&Reading::device}});
    CHECK(found[0].value == 1.0);
    CHECK(found[0].device->name == "boiler");
  }

  TEST_CASE("relations of very many entities are loaded at once" * doctest::skip(holdfast::test::kOnDevice)) {
    Opened f;
    f.pool.run(
        "INSERT INTO reading(id, device_id, value) WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < 40009) SELECT i, 1 + i % 3, i FROM n");
    f.pool.run("INSERT INTO site SELECT randomblob(16), 'more' FROM reading");
    f.pool.run("INSERT INTO device(name, site_id) SELECT 'more', id FROM site");
    std::vector<Reading> found;
    CHECK(f.queriesOf([&] { found = f.readings.findMany({.include = {&Reading::device}}); }) == 2);
    CHECK(found.back().device->name == "pump");
    const auto devices = f.devices.findMany({.include = {&Device::site, &Device::settings}});
    REQUIRE(devices.size() > 40'000);
    CHECK(devices.back().site->id == devices.back().siteId);
    CHECK(f.devices.findOne({.include = {&Device::readings}})->readings.size() > 13'000);
  }

  TEST_CASE("a query and its relations read one view of the database" *
            doctest::skip(holdfast::test::kWithoutThreads)) {
    Opened f;
    const BaseRepository<WatchedDevice> watched(f.pool);
    int writes = 0;
    // Between the query and that of its relation.
    Watched::whileRead = [&] { f.readings.create({.id = 100 + ++writes, .deviceId = 1, .value = 0}); };
    const auto seen = watched.findById(1, {.include = {&WatchedDevice::readings}});
    CHECK(writes == 1);
    CHECK(Opened::ids(seen->readings) == Ids{1, 3, 5});
    Watched::whileRead = [] {};
    CHECK(watched.findById(1, {.include = {&WatchedDevice::readings}})->readings.size() == 4);
    f.pool.transaction([&](Transaction& tx) {
      f.readings.in(tx).create({.id = 77, .deviceId = 3, .value = 0});
      const auto inside =
          f.devices.findMany({.where = field(&Device::id) == 3, .include = {&Device::readings}, .transaction = &tx});
      CHECK(Opened::ids(inside[0].readings) == Ids{77});
      const auto also = f.devices.in(tx).findById(3, {.include = {&Device::readings}});
      CHECK(also->readings.size() == 1);
      tx.rollback();
    });
    CHECK(f.devices.findById(3, {.include = {&Device::readings}})->readings.empty());
  }

  TEST_CASE("foreign keys and link tables are made with the table") {
    Opened f;
    RawSqlite raw(f.config.database);
    CHECK(raw.text("SELECT \"table\" || '.' || \"to\" FROM pragma_foreign_key_list('reading')") == "device.id");
    CHECK(raw.text("SELECT on_delete FROM pragma_foreign_key_list('settings')") == "CASCADE");
    CHECK(raw.text("SELECT count(*) FROM pragma_foreign_key_list('device_tag')") == "2");
    CHECK(codeOf([&] { f.readings.create({.deviceId = 99}); }) == ErrorCode::Constraint);
    CHECK(f.tags.remove("wet"));
    CHECK(raw.text("SELECT group_concat(tag_id) FROM device_tag") == "hot");
  }

  TEST_CASE("relations where one row is held at a time are refused") {
    Opened f;
    CHECK(codeOf([&] { f.devices.forEach({.include = {&Device::readings}}, [](const Device&) {}); }) ==
          ErrorCode::InvalidArgument);
  }

  TEST_CASE("an error in a related row says which one") {
    Opened f;
    f.pool.run("DROP TABLE settings");
    f.pool.run("CREATE TABLE settings(id INTEGER PRIMARY KEY, mode, device_id)");
    f.pool.run("INSERT INTO settings VALUES (7, 1.5, 2)");
    const auto error = errorOf([&] { f.devices.findMany({.include = {&Device::settings}}); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::TypeMismatch);
    CHECK(contains(error->what(), "'mode'"));
    CHECK(contains(error->what(), "row of \"settings\" (id=7)"));
    CHECK(contains(error->what(), "list in \"device\""));
  }

  TEST_CASE("what is in no relation cannot be included") {
    Opened f;
    BaseRepository<Unrelated> unrelated(f.pool);
    const auto error = errorOf([&] { unrelated.findMany({.include = {&Unrelated::others}}); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::InvalidArgument);
    CHECK(contains(error->what(), "include of a member that is in no relation of \"device\": add it to the mapping"));
  }
}
