#pragma once

#include <cstddef>
#include <span>

namespace bench {

/// A straight line through samples over time that a few wild samples do not move.
struct Trend {
  std::size_t samples = 0;
  double seconds = 0;   ///< Time covered.
  double level = 0;     ///< Median of the samples.
  double slope = 0;     ///< Per second.
  double slopeLow = 0;  ///< The 95 % confidence interval of the slope.
  double slopeHigh = 0;

  double growth() const { return slope * seconds; }
};

/// The median of the slopes between all pairs of points (Theil 1950), with the interval of Sen (1968) around it.
/// Neighbouring samples resemble each other, so the points are medians of up to 60 stretches of samples rather than the
/// samples. Fewer than three samples have no slope.
Trend fitRobustTrend(std::span<const double> seconds, std::span<const double> values);

}  // namespace bench
