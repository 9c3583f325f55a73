#include "support/axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "support/text.hpp"

namespace bench {

namespace {

constexpr double kTicks = 6;  // About so many.

/// The smallest of 1, 2, 5, 10, 20, ... that divides `span` into few enough steps.
double decimalStep(double span) {
  const double rough = span / kTicks;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

double binaryStep(double span) { return std::max(1.0, std::exp2(std::ceil(std::log2(span / kTicks)))); }

struct TimeUnit {
  const char* name;
  double seconds;
};

TimeUnit unitFor(double span) {
  if (span > 3 * 3600) return {"h", 3600};
  if (span > 5 * 60) return {"min", 60};
  return {"s", 1};
}

std::string bytesTick(double bytes) {
  static constexpr std::array kUnits{"B", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return format("%g %s", bytes, kUnits[unit]);
}

std::string rateTick(double rate) {
  if (rate >= 1e6) return format("%g M", rate / 1e6);
  if (rate >= 1e3) return format("%g k", rate / 1e3);
  return format("%g", rate);
}

Axis secondsAxis(double most) {
  Axis axis{0, std::max(most, 1.0), false, {}};
  const TimeUnit unit = unitFor(axis.high);
  const double step = decimalStep(axis.high / unit.seconds);
  for (double value = 0; value * unit.seconds <= axis.high; value += step) {
    axis.ticks.push_back({value * unit.seconds, format("%g %s", value, unit.name)});
  }
  return axis;
}

Axis steppedAxis(double most, double step, std::string (*text)(double)) {
  Axis axis{0, std::ceil(most / step) * step, false, {}};
  for (double value = 0; value <= axis.high; value += step) axis.ticks.push_back({value, text(value)});
  return axis;
}

Axis rateAxis(double least, double most) {
  const double lowest = std::floor(std::log10(std::max(least, 1.0)));
  const double highest = std::max(lowest + 1, std::ceil(std::log10(std::max(most, 1.0))));
  Axis axis{std::pow(10, lowest), std::pow(10, highest), true, {}};
  for (double power = lowest; power <= highest; ++power) {
    axis.ticks.push_back({std::pow(10, power), rateTick(std::pow(10, power))});
  }
  return axis;
}

}  // namespace

double Axis::position(double value) const {
  const double bounded = std::clamp(value, low, high);
  if (logarithmic) return std::log(bounded / low) / std::log(high / low);
  return (bounded - low) / (high - low);
}

Axis makeAxis(Quantity quantity, double least, double most) {
  const double top = std::max(most, 1.0);
  switch (quantity) {
    case Quantity::Seconds: return secondsAxis(top);
    case Quantity::Bytes: return steppedAxis(top, binaryStep(top), bytesTick);
    case Quantity::Rate: return rateAxis(least, top);
    case Quantity::Count: break;
  }
  return steppedAxis(top, std::max(1.0, decimalStep(top)), rateTick);
}

Axis makeAxis(const std::vector<std::string>& names) {
  Axis axis{-0.25, static_cast<double>(names.size()) - 0.75, false, {}};
  for (std::size_t i = 0; i < names.size(); ++i) axis.ticks.push_back({static_cast<double>(i), names[i]});
  return axis;
}

}  // namespace bench
