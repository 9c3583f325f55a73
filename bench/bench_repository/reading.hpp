#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <holdfast/clock.hpp>
#include <holdfast/mapping.hpp>

namespace bench {

/// What all contestants read and write. Without a JSON column: parsing would hide what is compared.
struct Reading {
  std::int64_t id{};
  std::string sensor{};
  double value{};
  std::optional<std::string> note{};
  holdfast::Timestamp takenAt{};
};

// The statements that the mapping leads to, for those that are written by hand.
inline constexpr char kFindReading[] =
    R"(SELECT "id", "sensor", "value", "note", "taken_at" FROM "reading" WHERE "id" = ?)";
inline constexpr char kListReadings[] =
    R"(SELECT "id", "sensor", "value", "note", "taken_at" FROM "reading" WHERE "id" >= ? ORDER BY "id" LIMIT ?)";
inline constexpr char kCreateReading[] =
    R"(INSERT INTO "reading"("sensor", "value", "note", "taken_at") VALUES (?, ?, ?, ?))";
inline constexpr char kUpdateReading[] =
    R"(UPDATE "reading" SET "value" = ? WHERE "id" = ? RETURNING "id", "sensor", "value", "note", "taken_at")";
inline constexpr char kRemoveReading[] = R"(DELETE FROM "reading" WHERE "id" = ?)";

}  // namespace bench

template <>
struct holdfast::Mapping<bench::Reading> {
  static constexpr auto table = holdfast::table<bench::Reading>(
      "reading", primaryKey("id", &bench::Reading::id), column("sensor", &bench::Reading::sensor),
      column("value", &bench::Reading::value), column("note", &bench::Reading::note),
      column("taken_at", &bench::Reading::takenAt));
};
