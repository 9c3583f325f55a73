#pragma once

#include <span>
#include <vector>

namespace bench {

/// The value below which the part `q` (0 to 1) of `values` lies, interpolated. 0 where there are none.
double quantile(std::vector<double> values, double q);
double median(std::vector<double> values);

/// What is told of one variant's rounds. Interference only ever slows a round down, so the median and the best
/// say more than the mean.
struct Summary {
  double median = 0;
  double lowerQuartile = 0;
  double upperQuartile = 0;
  double best = 0;

  /// Distance of the quartiles in percent of the median.
  double spreadPercent() const;
};

/// `higherIsBetter` says which end is `best`.
Summary summarise(const std::vector<double>& values, bool higherIsBetter);

/// Median of a[i] / b[i]: rounds run one after the other share their disturbances, which the quotient removes.
double pairedRatio(std::span<const double> a, std::span<const double> b);

}  // namespace bench
