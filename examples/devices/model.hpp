#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/mapping.hpp>

// Sites have devices; a device has readings, settings of its own and tags. Members that hold other entities are filled
// where a query includes them.

namespace devices {

struct Device;
struct Site;

struct Reading {
  std::int64_t id{};
  std::int64_t deviceId{};
  holdfast::Timestamp takenAt{};
  double value{};
  std::shared_ptr<Device> device{};
};

struct Settings {
  std::int64_t deviceId{};
  std::chrono::seconds interval{60};
  double alarmAbove{};
  nlohmann::json extra = nlohmann::json::object();  ///< What only some kinds of devices have.
};

struct Tag {
  std::string name{};
};

enum class Kind : std::uint8_t { Thermometer, Meter, Valve };

struct Device {
  std::int64_t id{};
  std::string name{};
  Kind kind = Kind::Thermometer;
  holdfast::Uuid siteId{};
  std::shared_ptr<Site> site{};  ///< One for all devices of a result that are there.
  std::vector<Reading> readings{};
  std::optional<Settings> settings{};
  std::vector<Tag> tags{};
};

struct Site {
  holdfast::Uuid id{};
  std::string name{};
  std::vector<Device> devices{};
};

}  // namespace devices

template <>
struct holdfast::EnumNames<devices::Kind> {
  static constexpr std::array values{std::pair{devices::Kind::Thermometer, "thermometer"},
                                     std::pair{devices::Kind::Meter, "meter"},
                                     std::pair{devices::Kind::Valve, "valve"}};
};

template <>
struct holdfast::Mapping<devices::Site> {
  using Site = devices::Site;
  static constexpr auto table =
      holdfast::table<Site>("site", primaryKey("id", &Site::id), column("name", &Site::name).unique(),
                            hasMany(&Site::devices, &devices::Device::siteId));
};

template <>
struct holdfast::Mapping<devices::Device> {
  using Device = devices::Device;
  static constexpr auto table = holdfast::table<Device>(
      "device", primaryKey("id", &Device::id), column("name", &Device::name).unique().maxLength(64),
      column("kind", &Device::kind), column("site_id", &Device::siteId).indexed(),
      belongsTo(&Device::site, &Device::siteId), hasMany(&Device::readings, &devices::Reading::deviceId),
      hasOne(&Device::settings, &devices::Settings::deviceId),
      manyToMany(&Device::tags, "device_tag", "device_id", "tag"));
};

template <>
struct holdfast::Mapping<devices::Reading> {
  using Reading = devices::Reading;
  static constexpr auto table = holdfast::table<Reading>(
      "reading", primaryKey("id", &Reading::id),
      column("device_id", &Reading::deviceId).references("device", "id", "CASCADE"),
      column("taken_at", &Reading::takenAt), column("value", &Reading::value).range(-273.15, 1e9),
      index("device_id", "taken_at"), belongsTo(&Reading::device, &Reading::deviceId));
};

template <>
struct holdfast::Mapping<devices::Settings> {
  using Settings = devices::Settings;
  static constexpr auto table = holdfast::table<Settings>(
      "settings", primaryKey("device_id", &Settings::deviceId).references("device", "id", "CASCADE"),
      column("interval_s", &Settings::interval).range(1, 86400), column("alarm_above", &Settings::alarmAbove),
      column("extra", &Settings::extra));
};

template <>
struct holdfast::Mapping<devices::Tag> {
  static constexpr auto table =
      holdfast::table<devices::Tag>("tag", primaryKey("name", &devices::Tag::name)).withoutRowId();
};
