#include "testing/point_id.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <holdfast/error.hpp>
#include <holdfast/testing/allocation_faults.hpp>
#include <holdfast/testing/faulty_disk.hpp>

namespace holdfast::testing {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(':', at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::optional<std::uint64_t> numberOf(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

bool areNumbers(const std::vector<std::string>& fields, std::size_t least, std::size_t most) {
  return fields.size() >= least && fields.size() <= most &&
         std::all_of(fields.begin(), fields.end(), [](const std::string& text) { return numberOf(text).has_value(); });
}

/// A name among those of an enumeration, how long it lasts, and a number.
template <typename Enum>
bool isSeries(const std::vector<std::string>& fields, Enum last) {
  if (fields.size() != 3 || (fields[1] != "once" && fields[1] != "forGood") || !numberOf(fields[2])) return false;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (toText(static_cast<Enum>(i)) == fields[0]) return true;
  }
  return false;
}

bool isPoint(const PointId& point) {
  // The last number of these two is there where failures are met on the way.
  if (point.kind == "cut") return areNumbers(point.fields, 4, 5);
  if (point.kind == "run") return areNumbers(point.fields, 2, 3);
  if (point.kind == "call") return isSeries(point.fields, Failure::FlippedBit);
  if (point.kind == "allocation") return isSeries(point.fields, AllocationKind::Sqlite);
  return point.kind == "setUp" && point.fields.empty();
}

}  // namespace

PointId parsePoint(const std::string& scenario, std::string_view id) {
  const std::string prefix = scenario + "/";
  if (!id.starts_with(prefix)) {
    throw Error(ErrorCode::InvalidArgument, "the point \"" + std::string(id) + "\" is none of " + scenario);
  }
  PointId point;
  point.fields = split(id.substr(prefix.size()));
  point.kind = point.fields.front();
  point.fields.erase(point.fields.begin());
  if (!isPoint(point)) {
    throw Error(ErrorCode::InvalidArgument,
                "\"" + std::string(id) + "\" is no point: copy it from the report's finding");
  }
  return point;
}

std::uint64_t numberIn(const PointId& id, std::size_t field) noexcept {
  return field < id.fields.size() ? numberOf(id.fields[field]).value_or(0) : 0;
}

}  // namespace holdfast::testing
