#pragma once

#include <string>
#include <vector>

namespace bench {

/// A value that an axis names.
struct Tick {
  double value = 0;
  std::string text;
};

/// What the numbers of an axis are, which says where its ticks lie and how they are written.
enum class Quantity {
  Seconds,  ///< Written in the largest of s, min and h that suits.
  Bytes,    ///< In powers of two.
  Rate,     ///< A count a second; a logarithmic axis.
  Count,
};

/// An axis from `low` to `high`, which are among its ticks but for Seconds.
struct Axis {
  double low = 0;
  double high = 1;
  bool logarithmic = false;
  std::vector<Tick> ticks;

  /// 0 at `low`, 1 at `high`; values beyond are moved to the end.
  double position(double value) const;
};

/// An axis that shows everything from zero (the lowest power of ten at or below `least`, for a rate) to `most`.
Axis makeAxis(Quantity quantity, double least, double most);
/// An axis of names, at 0, 1, 2, ...
Axis makeAxis(const std::vector<std::string>& names);

}  // namespace bench
