#include "support/robust_trend.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/statistics.hpp"

namespace bench {

namespace {

constexpr std::size_t kMostPoints = 60;
constexpr std::size_t kFewestPoints = 8;
constexpr std::size_t kSamplesPerPoint = 5;

struct Points {
  std::vector<double> seconds;
  std::vector<double> values;
};

double medianOf(std::span<const double> values) { return median({values.begin(), values.end()}); }

Points thinOut(std::span<const double> seconds, std::span<const double> values) {
  const std::size_t count = values.size();
  const std::size_t points =
      count < 2 * kFewestPoints ? count : std::clamp(count / kSamplesPerPoint, kFewestPoints, kMostPoints);
  Points result;
  for (std::size_t point = 0; point < points; ++point) {
    const std::size_t begin = point * count / points;
    const std::size_t size = (point + 1) * count / points - begin;
    result.seconds.push_back(medianOf(seconds.subspan(begin, size)));
    result.values.push_back(medianOf(values.subspan(begin, size)));
  }
  return result;
}

std::vector<double> slopesOf(const Points& points) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < points.seconds.size(); ++i) {
    for (std::size_t j = i + 1; j < points.seconds.size(); ++j) {
      const double apart = points.seconds[j] - points.seconds[i];
      if (apart > 0) slopes.push_back((points.values[j] - points.values[i]) / apart);
    }
  }
  return slopes;
}

/// Sen: the slope is between the ones that lie so many ranks from the middle, by the variance of Kendall's S.
double rankMargin(std::size_t points) {
  const auto n = static_cast<double>(points);
  return 1.96 * std::sqrt(n * (n - 1) * (2 * n + 5) / 18) / 2;
}

}  // namespace

Trend fitRobustTrend(std::span<const double> seconds, std::span<const double> values) {
  Trend trend;
  trend.samples = std::min(seconds.size(), values.size());
  if (trend.samples < 3) return trend;
  trend.seconds = seconds[trend.samples - 1] - seconds.front();
  trend.level = medianOf(values.first(trend.samples));
  const Points points = thinOut(seconds.first(trend.samples), values.first(trend.samples));
  const std::vector<double> slopes = slopesOf(points);
  if (slopes.empty()) return trend;
  const double margin = rankMargin(points.seconds.size()) / static_cast<double>(slopes.size());
  trend.slope = median(slopes);
  trend.slopeLow = quantile(slopes, std::max(0.0, 0.5 - margin));
  trend.slopeHigh = quantile(slopes, std::min(1.0, 0.5 + margin));
  return trend;
}

}  // namespace bench
