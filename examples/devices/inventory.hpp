#pragma once

#include <string>
#include <vector>

#include <holdfast/connection_pool.hpp>
#include <holdfast/query_builder.hpp>
#include <holdfast/repository.hpp>
#include <holdfast/schema_diff.hpp>

#include "device_repository.hpp"
#include "model.hpp"
#include "reading_repository.hpp"

namespace devices {

/// The tables of the model, in one database. Any thread; calls block and throw as those of repositories.
class Inventory {
 public:
  explicit Inventory(holdfast::ConnectionPool& db)
      : sites(db), devices(db, {.cacheEnabled = true}), settings(db), tags(db), readings(db), db_(db) {}

  void createTables() const {
    sites.createTable();
    tags.createTable();
    devices.createTable();
    settings.createTable();
    readings.createTable();
  }
  /// What the file differs in from this program, in words. Empty: nothing.
  std::vector<std::string> differences() const {
    std::vector<std::string> texts;
    const auto look = [&](const std::vector<holdfast::SchemaDifference>& found) {
      for (const holdfast::SchemaDifference& one : found) texts.push_back(one.text);
    };
    look(holdfast::schemaDiff<Site>(db_));
    look(holdfast::schemaDiff<Device>(db_));
    look(holdfast::schemaDiff<Settings>(db_));
    look(holdfast::schemaDiff<Tag>(db_));
    look(holdfast::schemaDiff<Reading>(db_));
    return texts;
  }
  /// A device with its settings and its tags: all of it, or nothing.
  Device install(const Device& device, const Settings& own, const std::vector<std::string>& tagNames) const {
    return db_.transaction([&](holdfast::Transaction& tx) {
      Device made = devices.in(tx).create(device);
      Settings kept = own;
      kept.deviceId = made.id;
      made.settings = settings.in(tx).upsert(kept);
      for (const std::string& name : tagNames) {
        made.tags.push_back(tags.in(tx).upsert({name}));
        holdfast::QueryBuilder(tx).table("device_tag").insert({{"device_id", made.id}, {"tag", name}});
      }
      return made;
    });
  }
  /// The highest reading of each device that is above the device's own limit: what no single table knows.
  holdfast::Rows alarms() const {
    return holdfast::QueryBuilder(db_)
        .select({holdfast::Term("site.name").as("site"), holdfast::Term("device.name").as("device"),
                 holdfast::Expression::raw("max(reading.value)").as("value")})
        .from("reading")
        .join("device", "device.id", "reading.device_id")
        .join("site", "site.id", "device.site_id")
        .join("settings", "settings.device_id", "device.id")
        .whereColumn("reading.value", holdfast::Operator::Greater, "settings.alarm_above")
        .groupBy("device.id")
        .orderBy("site.name")
        .orderBy("device.name")
        .fetch();
  }

  const holdfast::BaseRepository<Site> sites;
  const DeviceRepository devices;
  const holdfast::BaseRepository<Settings> settings;
  const holdfast::BaseRepository<Tag> tags;
  const ReadingRepository readings;

 private:
  holdfast::ConnectionPool& db_;
};

}  // namespace devices
