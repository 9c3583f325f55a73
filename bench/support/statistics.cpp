#include "support/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace bench {

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double position = q * static_cast<double>(values.size() - 1);
  const auto lower = static_cast<std::size_t>(position);
  const std::size_t upper = std::min(lower + 1, values.size() - 1);
  return values[lower] + (values[upper] - values[lower]) * (position - static_cast<double>(lower));
}

double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

double Summary::spreadPercent() const { return median == 0 ? 0 : 100 * (upperQuartile - lowerQuartile) / median; }

Summary summarise(const std::vector<double>& values, bool higherIsBetter) {
  return {median(values), quantile(values, 0.25), quantile(values, 0.75), quantile(values, higherIsBetter ? 1.0 : 0.0)};
}

double pairedRatio(std::span<const double> a, std::span<const double> b) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (b[i] != 0) ratios.push_back(a[i] / b[i]);
  }
  return median(std::move(ratios));
}

namespace {

double meanOf(std::span<const double> values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// How many independent samples the residuals are worth; at least 3.
double effectiveSamples(std::span<const double> residuals) {
  double lagged = 0;
  double squares = 0;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    squares += residuals[i] * residuals[i];
    if (i > 0) lagged += residuals[i] * residuals[i - 1];
  }
  const double correlation = squares == 0 ? 0 : std::clamp(lagged / squares, 0.0, 0.99);
  const double effective = static_cast<double>(residuals.size()) * (1 - correlation) / (1 + correlation);
  return std::max(effective, 3.0);
}

}  // namespace

Trend fitTrend(std::span<const double> seconds, std::span<const double> values) {
  Trend trend;
  trend.samples = std::min(seconds.size(), values.size());
  if (trend.samples < 3) return trend;
  const double meanTime = meanOf(seconds);
  trend.mean = meanOf(values);
  trend.seconds = seconds.back() - seconds.front();
  double squares = 0;
  double products = 0;
  for (std::size_t i = 0; i < trend.samples; ++i) {
    squares += (seconds[i] - meanTime) * (seconds[i] - meanTime);
    products += (seconds[i] - meanTime) * (values[i] - trend.mean);
  }
  if (squares == 0) return trend;
  trend.slope = products / squares;
  std::vector<double> residuals;
  double error = 0;
  for (std::size_t i = 0; i < trend.samples; ++i) {
    residuals.push_back(values[i] - trend.mean - trend.slope * (seconds[i] - meanTime));
    error += residuals.back() * residuals.back();
  }
  const double effective = effectiveSamples(residuals);
  const double freedom = std::max(effective - 2, 1.0);
  // The spread of time per sample is kept while fewer samples count.
  const double timeVariance = squares / static_cast<double>(trend.samples);
  const double errorVariance = error / static_cast<double>(trend.samples) * effective / freedom;
  // Student's t for 95 %, first term of its expansion around the normal quantile.
  const double student = 1.96 + 2.372 / freedom;
  const double margin = student * std::sqrt(errorVariance / (effective * timeVariance));
  trend.slopeLow = trend.slope - margin;
  trend.slopeHigh = trend.slope + margin;
  return trend;
}

}  // namespace bench
