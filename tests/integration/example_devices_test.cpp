// The model and the repositories of examples/devices.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "devices/inventory.hpp"
#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
using devices::Device;
using devices::Inventory;
using devices::Reading;
using devices::Settings;
using devices::Site;
using devices::Tag;

namespace {

struct Opened : PoolFixture {
  Opened() {
    open();
    inventory.createTables();
    site = inventory.sites.create({.id = Uuid::make(), .name = "cellar"});
    boiler = install("boiler", {"critical", "heating"});
    pump = install("pump", {"critical"});
  }
  Device install(const std::string& name, const std::vector<std::string>& tags) {
    return inventory.install({.name = name, .siteId = site.id}, {.alarmAbove = 80, .extra = {{"of", name}}}, tags);
  }
  void read(const Device& device, int from, int count) {
    std::vector<Reading> batch;
    for (int i = from; i < from + count; ++i) {
      batch.push_back({.deviceId = device.id, .takenAt = Timestamp(i * 1s), .value = 1.0 * i});
    }
    inventory.readings.createMany(batch);
  }
  Inventory inventory{pool};
  Site site;
  Device boiler;
  Device pump;
};

}  // namespace

TEST_SUITE("integration/example_devices") {
  TEST_CASE("the tables are those of the model and a difference is said in words") {
    Opened f;
    CHECK(f.inventory.differences().empty());
    f.inventory.createTables();
    f.pool.run("ALTER TABLE settings ADD COLUMN colour TEXT");
    const auto differences = f.inventory.differences();
    REQUIRE(differences.size() == 1);
    CHECK(contains(differences[0], "colour"));
  }

  TEST_CASE("a list has everything of its devices and takes four queries") {
    Opened f;
    for (int i = 0; i < 20; ++i) f.install("more " + std::to_string(i), {"more"});
    const auto before = f.pool.metrics().totalQueries;
    const auto all = f.inventory.devices.list();
    CHECK(f.pool.metrics().totalQueries - before == 4);
    REQUIRE(all.size() == 22);
    CHECK(all[0].name == "boiler");
    CHECK(all[0].site->name == "cellar");
    CHECK(all[0].site == all[21].site);  // One for all of them.
    CHECK(all[0].settings->extra.at("of") == "boiler");
    REQUIRE(all[0].tags.size() == 2);
    CHECK(all[0].tags[1].name == "heating");
    CHECK(all[0].readings.empty());  // Not asked for.
    CHECK(f.inventory.sites.findById(f.site.id, {.include = {&Site::devices}})->devices.size() == 22);
  }

  TEST_CASE("a device is installed as a whole or not at all") {
    Opened f;
    CHECK(codeOf([&] { f.inventory.install({.name = "valve", .siteId = f.site.id}, {.interval = 0s}, {}); }) ==
          ErrorCode::Constraint);
    CHECK(codeOf([&] { f.inventory.install({.name = "valve", .siteId = Uuid::make()}, {}, {}); }) ==
          ErrorCode::Constraint);
    CHECK_FALSE(f.inventory.devices.findByName("valve").has_value());
    CHECK(f.inventory.devices.remove(f.boiler.id));
    CHECK_FALSE(f.inventory.settings.exists(f.boiler.id));
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM device_tag") == 1);
  }

  TEST_CASE("the history goes back page by page") {
    Opened f;
    f.read(f.boiler, 0, 7);
    f.read(f.pump, 0, 3);
    auto page = f.inventory.readings.history(f.boiler.id, 3);
    std::vector<double> values;
    while (true) {
      for (const Reading& reading : page.items) values.push_back(reading.value);
      if (!page.next) break;
      page = f.inventory.readings.history(f.boiler.id, 3, page.next);
    }
    CHECK(values == std::vector<double>{6, 5, 4, 3, 2, 1, 0});
  }

  TEST_CASE("figures are those of each device since then") {
    Opened f;
    f.read(f.boiler, 0, 10);
    f.read(f.pump, 0, 2);
    const auto figures = f.inventory.readings.figures(Timestamp(6s));
    REQUIRE(figures.size() == 1);
    CHECK(figures[0].first == f.boiler.id);
    CHECK(figures[0].second.count == 4);
    CHECK(figures[0].second.least == 6.0);
    CHECK(figures[0].second.average == 7.5);
    CHECK(figures[0].second.most == 9.0);
    std::vector<std::int64_t> exported;
    f.inventory.readings.exportSince(Timestamp(8s), [&](const Reading& reading) { exported.push_back(reading.id); });
    CHECK(exported == std::vector<std::int64_t>{9, 10});
  }

  TEST_CASE("alarms are the highest readings above the limit of their device") {
    Opened f;
    f.read(f.boiler, 75, 10);
    f.read(f.pump, 70, 11);
    const Rows alarms = f.inventory.alarms();
    REQUIRE(alarms.size() == 1);
    CHECK(alarms[0].get<std::string>("site") == "cellar");
    CHECK(alarms[0].get<std::string>("device") == "boiler");
    CHECK(alarms[0].get<double>("value") == 84.0);
  }
}
