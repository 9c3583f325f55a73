#include "core/text.hpp"

#include <array>

#include <holdfast/units.hpp>

namespace holdfast {
namespace {

struct Unit {
  std::uint64_t size;
  std::string_view name;
};

/// value / unit * scale, rounded to the nearest.
constexpr std::uint64_t scaled(std::uint64_t value, std::uint64_t unit, std::uint64_t scale) {
  return value / unit * scale + (value % unit * scale + unit / 2) / unit;
}

/// The digits of a number that was multiplied by `scale` (1, 10 or 100).
std::string decimal(std::uint64_t number, std::uint64_t scale) {
  std::string text = std::to_string(number / scale);
  if (scale == 1) return text;
  text += '.';
  for (std::uint64_t place = scale / 10; place > 0; place /= 10) {
    text += static_cast<char>('0' + number / place % 10);
  }
  return text;
}

std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

void trimZeros(std::string& number) {
  if (number.find('.') == std::string::npos) return;
  while (number.back() == '0') number.pop_back();
  if (number.back() == '.') number.pop_back();
}

}  // namespace

std::string formatBytes(std::int64_t bytes) {
  static constexpr std::array<Unit, 3> kUnits{{{KiB, " KiB"}, {MiB, " MiB"}, {GiB, " GiB"}}};
  const std::string sign = bytes < 0 ? "-" : "";
  const std::uint64_t value = magnitude(bytes);
  if (value < KiB) return sign + std::to_string(value) + " bytes";
  std::size_t unit = 0;
  // Judged as it will be read: 1023.99 KiB are "1.0 MiB", not "1024.0 KiB".
  while (unit + 1 < kUnits.size() && scaled(value, kUnits[unit].size, 10) >= 10 * KiB) ++unit;
  return (sign + decimal(scaled(value, kUnits[unit].size, 10), 10)).append(kUnits[unit].name);
}

std::string inKibibytes(std::int64_t bytes) { return std::to_string(bytes / KiB) + " KiB"; }

std::string formatDuration(std::chrono::nanoseconds duration) {
  static constexpr std::array<Unit, 6> kUnits{{{1, " ns"},
                                               {1'000, " us"},
                                               {1'000'000, " ms"},
                                               {1'000'000'000, " s"},
                                               {60'000'000'000, " min"},
                                               {3'600'000'000'000, " h"}}};
  const std::uint64_t value = magnitude(duration.count());
  for (std::size_t i = 0;; ++i) {
    const std::uint64_t unit = kUnits[i].size;
    const std::uint64_t hundredths = value / unit < 100 ? scaled(value, unit, 100) : 10'000;
    const std::uint64_t scale = hundredths < 1'000 ? 100 : hundredths < 10'000 ? 10 : 1;
    const std::uint64_t number = scaled(value, unit, scale);
    if (i + 1 < kUnits.size() && number >= kUnits[i + 1].size / unit * scale) continue;
    std::string text = decimal(number, scale);
    trimZeros(text);
    if (duration.count() < 0) text.insert(0, "-");
    return text.append(kUnits[i].name);
  }
}

std::string shorten(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  static constexpr std::string_view kEllipsis = "...";
  const bool marked = limit > kEllipsis.size();
  std::size_t cut = marked ? limit - kEllipsis.size() : limit;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  std::string result(text.substr(0, cut));
  if (marked) result += kEllipsis;
  return result;
}

}  // namespace holdfast
