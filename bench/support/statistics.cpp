#include "support/statistics.hpp"

#include <algorithm>

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

}  // namespace bench
