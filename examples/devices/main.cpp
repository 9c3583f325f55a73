// devices: entities with relations, read by one query for each relation; pages, figures, streams, observation; and the
// parts for what no struct describes: QueryBuilder, JsonRepository, schemaDiff.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/connection_manager.hpp>
#include <holdfast/error.hpp>
#include <holdfast/json_repository.hpp>

#include "inventory.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using devices::Device;
using devices::Inventory;
using devices::Reading;
using devices::Site;

namespace {

const Timestamp kStart{std::chrono::sys_days{std::chrono::year{2024} / 5 / 1}};

void fill(const Inventory& inventory) {
  const Site cellar = inventory.sites.create({.id = Uuid::make(), .name = "cellar"});
  const Site roof = inventory.sites.create({.id = Uuid::make(), .name = "roof"});
  const Device boiler =
      inventory.install({.name = "boiler", .siteId = cellar.id},
                        {.interval = 10s, .alarmAbove = 80, .extra = {{"fuel", "gas"}}}, {"heating", "critical"});
  const Device meter = inventory.install({.name = "meter", .kind = devices::Kind::Meter, .siteId = cellar.id},
                                         {.alarmAbove = 1e6}, {"critical"});
  inventory.install({.name = "outdoor", .siteId = roof.id}, {.alarmAbove = 40}, {});

  std::vector<Reading> batch;
  for (int i = 0; i < 100; ++i) {
    batch.push_back({.deviceId = boiler.id, .takenAt = kStart + i * 1min, .value = 60.0 + i * 0.25});
    batch.push_back({.deviceId = meter.id, .takenAt = kStart + i * 1min, .value = 1000.0 + i});
  }
  inventory.readings.createMany(batch);  // One transaction.
}

/// Every reading of one device, page by page.
std::size_t pageThrough(const Inventory& inventory, std::int64_t device) {
  std::size_t seen = 0;
  auto page = inventory.readings.history(device, 30);
  while (true) {
    seen += page.items.size();
    if (!page.next) return seen;
    page = inventory.readings.history(device, 30, page.next);
  }
}

/// Pages, figures, a stream and a query over several tables. Whether all of the readings were seen.
bool showReadings(const Inventory& inventory, std::int64_t boiler) {
  const std::size_t paged = pageThrough(inventory, boiler);
  for (const auto& [device, figures] : inventory.readings.figures(kStart + 30min)) {
    std::printf("device %lld: %lld readings, %.1f to %.1f\n", static_cast<long long>(device),
                static_cast<long long>(figures.count), figures.least.value_or(0), figures.most.value_or(0));
  }
  std::size_t exported = 0;
  inventory.readings.exportSince(kStart, [&](const Reading&) { ++exported; });
  const Rows alarms = inventory.alarms();
  for (const Row& row : alarms) {
    std::printf("alarm: %s/%s %.2f\n", row.get<std::string>("site").c_str(), row.get<std::string>("device").c_str(),
                row.get<double>("value"));
  }
  return paged == 100 && exported == 200 && alarms.size() == 1;
}

/// Adds a device without its struct, as a configuration page or a remote call would, and waits until the observer has
/// seen it.
bool isObserved(ConnectionManager& db, const Inventory& inventory, std::int64_t neighbour) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Device> seen;
  // Called on a thread of the pool's own, after the commit.
  const Observation observation = inventory.devices.observe({.where = field(&Device::kind) == devices::Kind::Valve},
                                                            [&](const std::vector<Device>& valves) {
                                                              const std::lock_guard lock(mutex);
                                                              seen = valves;
                                                              changed.notify_one();
                                                            });
  const JsonRepository records(db, "device");
  const auto site = records.findById(neighbour)->at("site_id");
  const auto valve = records.create({{"name", "inlet"}, {"kind", "valve"}, {"site_id", site}});
  std::printf("made from JSON: %s\n", valve.at("name").get<std::string>().c_str());
  std::unique_lock lock(mutex);
  return changed.wait_for(lock, 10s, [&] { return !seen.empty(); });
}

}  // namespace

int main() try {
  ConnectionManager& db = ConnectionManager::instance();
  ConnectionConfig config;
  config.database = "devices.db";
  config.memoryLimit = 4 * MiB;
  db.open(config);

  const Inventory inventory(db);
  inventory.createTables();
  for (const std::string& text : inventory.differences()) {
    std::fprintf(stderr, "devices.db is not what this program expects: %s\n", text.c_str());
  }
  inventory.devices.removeMany(everyRow<Device>());  // Of an earlier run, with all that refers to them.
  inventory.sites.removeMany(everyRow<Site>());
  fill(inventory);

  // Four queries for any number of devices.
  const std::vector<Device> all = inventory.devices.list();
  for (const Device& device : all) {
    std::printf("%s: %s, every %llds, %zu tags\n", device.site->name.c_str(), device.name.c_str(),
                static_cast<long long>(device.settings->interval.count()), device.tags.size());
  }
  const Device boiler = inventory.devices.findByName("boiler").value();
  const bool isComplete = showReadings(inventory, boiler.id);
  const bool observed = isObserved(db, inventory, boiler.id);
  const bool isRight = all.size() == 3 && isComplete && observed;
  db.close();
  return isRight ? 0 : 1;
} catch (const Error& error) {
  std::fprintf(stderr, "%s\nwhat helps: %s\n", error.what(), std::string(toText(error.recovery())).c_str());
  return 1;
}
