#include "memory_stress/flatness.hpp"

#include <algorithm>
#include <vector>

#include "memory_stress/verdict.hpp"
#include "support/statistics.hpp"
#include "support/text.hpp"

namespace bench {

std::vector<Sample> afterWarmUp(const ScenarioResult& scenario) {
  std::vector<Sample> steady = scenario.samples;
  std::erase_if(steady, [](const Sample& sample) { return !sample.steady; });
  steady.erase(steady.begin(), steady.begin() + static_cast<std::ptrdiff_t>(steady.size() / 3));
  return steady;
}

Trend residentTrend(const ScenarioResult& scenario) {
  std::vector<double> seconds;
  std::vector<double> bytes;
  for (const Sample& sample : afterWarmUp(scenario)) {
    seconds.push_back(sample.seconds);
    bytes.push_back(static_cast<double>(sample.residentBytes));
  }
  return fitRobustTrend(seconds, bytes);
}

namespace {

/// The arenas of the C library, one for each thread, grow by 128 KiB at least (M_TOP_PAD), and take their time to have
/// their size: a load of seconds cannot tell that from a leak.
double arenasOf(const ScenarioResult& scenario, const Trend& trend) {
  constexpr double kSettled = 120;
  constexpr double kTopPad = 128 * 1024;
  if (trend.seconds >= kSettled || scenario.samples.empty()) return 0;
  int threads = 0;
  for (const Sample& sample : scenario.samples) threads = std::max(threads, sample.threads);
  return kTopPad * threads;
}

/// Growth below a hundredth of what is resident is not a trend, however regular it looks.
Verdict flat(const ScenarioResult& scenario) {
  const Trend trend = residentTrend(scenario);
  const bool straddlesZero = trend.slopeLow <= 0;
  const bool small = trend.growth() < std::max(trend.level / 100, arenasOf(scenario, trend));
  return {
      "resident memory flat: " + scenario.name, trend.samples >= 3 && (straddlesZero || small),
      format("slope %+.2f KiB/s, 95 %% between %+.2f and %+.2f; %+.2f %% of %s in %.1f s", trend.slope / 1024,
             trend.slopeLow / 1024, trend.slopeHigh / 1024, trend.level == 0 ? 0 : 100 * trend.growth() / trend.level,
             bytesText(trend.level).c_str(), trend.seconds)};
}

struct Course {
  double early = 0;  ///< Median of the first third.
  double late = 0;   ///< Of the last.
  double least = 0;
  double most = 0;
};

Course courseOf(const std::vector<Sample>& samples, int Sample::*field) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.*field);
  const std::size_t third = std::max<std::size_t>(1, values.size() / 3);
  const auto size = static_cast<std::ptrdiff_t>(third);
  return {median({values.begin(), values.begin() + size}), median({values.end() - size, values.end()}),
          *std::min_element(values.begin(), values.end()), *std::max_element(values.begin(), values.end())};
}

/// Renewing a handle opens the new one before it closes the old one: a moment of it is no trend.
Verdict constant(const ScenarioResult& scenario, const char* what, int Sample::*field, double spare) {
  const std::string name = std::string(what) + " constant: " + scenario.name;
  const std::vector<Sample> samples = afterWarmUp(scenario);
  if (samples.empty()) return {name, false, "no samples"};
  const Course course = courseOf(samples, field);
  return {name, course.early == course.late && course.most - course.least <= spare,
          format("%.0f to %.0f", course.least, course.most)};
}

}  // namespace

std::vector<Verdict> judgeFlatness(const ScenarioResult& scenario) {
  constexpr double kFilesOfHandle = 2;
  return {flat(scenario), constant(scenario, "files", &Sample::descriptors, kFilesOfHandle),
          constant(scenario, "threads", &Sample::threads, 0), constant(scenario, "handles", &Sample::handles, 1)};
}

}  // namespace bench
