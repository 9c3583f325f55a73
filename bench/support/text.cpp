#include "support/text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <limits>

namespace bench {

std::string format(const char* pattern, ...) {
  std::va_list arguments;
  va_start(arguments, pattern);
  std::va_list copy;
  va_copy(copy, arguments);
  const int size = std::vsnprintf(nullptr, 0, pattern, copy);
  va_end(copy);
  std::string text(static_cast<std::size_t>(size < 0 ? 0 : size), '\0');
  std::vsnprintf(text.data(), text.size() + 1, pattern, arguments);
  va_end(arguments);
  return text;
}

std::string bytesText(double bytes) {
  static constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (std::abs(bytes) >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return format(unit == 0 ? "%.0f %s" : "%.2f %s", bytes, kUnits[unit]);
}

std::string durationText(std::chrono::nanoseconds duration) {
  static constexpr std::array kUnits{"ns", "us", "ms", "s"};
  auto value = static_cast<double>(duration.count());
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return format(value < 10 && unit > 0    ? "%.2f %s"
                : value < 100 && unit > 0 ? "%.1f %s"
                                          : "%.0f %s",
                value, kUnits[unit]);
}

std::string rateText(double rate) {
  if (rate >= 1e6) return format("%.2f M", rate / 1e6);
  if (rate >= 1e4) return format("%.1f k", rate / 1e3);
  return format(rate >= 100 ? "%.0f" : "%.1f", rate);
}

namespace {

struct Unit {
  std::string_view name;
  double factor;
};

template <std::size_t N>
std::optional<std::int64_t> parseWithUnit(std::string_view text, const std::array<Unit, N>& units) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (name != unit.name) continue;
    const double value = number * unit.factor;
    if (value >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(value);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parseSize(std::string_view text) {
  static constexpr std::array kUnits{Unit{"", 1}, Unit{"B", 1}, Unit{"KiB", 1024}, Unit{"MiB", 1048576},
                                     Unit{"GiB", 1073741824}};
  return parseWithUnit(text, kUnits);
}

std::optional<std::chrono::milliseconds> parseDuration(std::string_view text) {
  static constexpr std::array kUnits{Unit{"", 1000}, Unit{"ms", 1}, Unit{"s", 1000}, Unit{"min", 60000},
                                     Unit{"h", 3600000}};
  const auto milliseconds = parseWithUnit(text, kUnits);
  if (!milliseconds) return std::nullopt;
  return std::chrono::milliseconds(*milliseconds);
}

}  // namespace bench
