#pragma once

#include <string>
#include <vector>

#include "support/axis.hpp"

namespace bench {

/// A line through points, in the order of x, of which there are as many as of y. A y that is no number breaks the line.
struct PlotSeries {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  bool stepped = false;  ///< A value holds until the next one.
  bool dashed = false;   ///< Across the whole width: a limit. Has one y and no x.
};

/// A stretch of the x axis with something to say about it.
struct PlotBand {
  double from = 0;
  double to = 0;
  std::string text;     ///< Short: it stands above the stretch.
  std::string tooltip;  ///< Shown by what shows such.
};

struct Plot {
  std::string title;
  Quantity x = Quantity::Seconds;
  Quantity y = Quantity::Bytes;
  std::string xLabel;
  std::string yLabel;
  std::vector<std::string> yNames;  ///< Where y is one of these names, by number; then `y` does not count.
  std::vector<PlotSeries> series;
  std::vector<PlotBand> bands;
  int height = 220;
};

/// The plot as an SVG element for an HTML page. Colours are the page's: classes plot-*, and s0, s1, ... for the series.
/// Long series are thinned out to what can be seen, highest and lowest values kept. Text is escaped.
std::string svgOf(const Plot& plot);

}  // namespace bench
