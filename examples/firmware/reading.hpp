#pragma once

#include <cstdint>
#include <string>

#include <holdfast/mapping.hpp>

namespace firmware {

struct Reading {
  std::int64_t id{};
  std::string sensor{};
  std::int64_t tick{};  ///< Of the device's own counter: it need not know the time of day.
  double value{};
};

}  // namespace firmware

template <>
struct holdfast::Mapping<firmware::Reading> {
  using Reading = firmware::Reading;
  static constexpr auto table = holdfast::table<Reading>(
      "reading", primaryKey("id", &Reading::id), column("sensor", &Reading::sensor).maxLength(16),
      column("tick", &Reading::tick), column("value", &Reading::value), index("sensor", "tick"));
};
