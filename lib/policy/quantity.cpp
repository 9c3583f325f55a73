#include "policy/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <system_error>

#include <holdfast/units.hpp>

namespace holdfast {
namespace {

struct QuantityUnit {
  std::string_view name;
  std::int64_t size;
};

// Largest first.
constexpr std::array<QuantityUnit, 5> kMicrosecondUnits{
    {{"h", 3'600'000'000}, {"min", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}}};
constexpr std::array<QuantityUnit, 4> kMillisecondUnits{{{"h", 3'600'000}, {"min", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<QuantityUnit, 3> kSizeUnits{{{"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}}};

std::optional<std::int64_t> readQuantity(std::string_view text, std::span<const QuantityUnit> units) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto unit = std::find_if(units.begin(), units.end(), [name](const QuantityUnit& u) { return u.name == name; });
  if (unit == units.end() || number > std::numeric_limits<std::int64_t>::max() / unit->size) return std::nullopt;
  return number * unit->size;
}

std::string writeQuantity(std::int64_t number, std::span<const QuantityUnit> units) {
  const auto whole = [number](const QuantityUnit& unit) { return number != 0 && number % unit.size == 0; };
  const auto unit = std::find_if(units.begin(), units.end(), whole);
  if (unit == units.end()) return std::to_string(number);
  return std::to_string(number / unit->size).append(unit->name);
}

}  // namespace

std::string writeDuration(std::chrono::milliseconds duration) {
  return duration.count() == 0 ? "0ms" : writeQuantity(duration.count(), kMillisecondUnits);
}

std::string writeDuration(std::chrono::microseconds duration) {
  return duration.count() == 0 ? "0ms" : writeQuantity(duration.count(), kMicrosecondUnits);
}

std::optional<std::chrono::microseconds> readDuration(std::string_view text) {
  const std::optional<std::int64_t> count = readQuantity(text, kMicrosecondUnits);
  if (!count) return std::nullopt;
  return std::chrono::microseconds(*count);
}

std::string writeSize(std::int64_t bytes) { return writeQuantity(bytes, kSizeUnits); }

std::optional<std::int64_t> readSize(std::string_view text) { return readQuantity(text, kSizeUnits); }

}  // namespace holdfast
