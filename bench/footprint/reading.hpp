#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <holdfast/mapping.hpp>

struct Reading {
  std::int64_t id{};
  std::string sensor{};
  double value{};
  std::optional<std::string> note{};
};

template <>
struct holdfast::Mapping<Reading> {
  static constexpr auto table =
      holdfast::table<Reading>("reading", primaryKey("id", &Reading::id), column("sensor", &Reading::sensor).indexed(),
                               column("value", &Reading::value), column("note", &Reading::note));
};
