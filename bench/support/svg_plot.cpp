#include "support/svg_plot.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "support/html_page.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

constexpr double kWidth = 960;
constexpr double kLeft = 78;
constexpr double kRight = 14;
constexpr double kTop = 46;
constexpr double kBottom = 40;
/// Points that differ from their neighbours on the screen: two to a pixel or so, the lowest and the highest.
constexpr std::size_t kColumns = 800;

class Drawing {
 public:
  explicit Drawing(const Plot& plot)
      : plot_(plot), xAxis_(makeAxis(plot.x, 0, highestX())), yAxis_(makeYAxis()), height_(plot.height) {}

  std::string draw() {
    out_ = format("<svg class=\"plot\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s\">\n", kWidth, height_,
                  escapeHtml(plot_.title).c_str());
    drawBands();
    drawXAxis();
    drawYAxis();
    for (std::size_t i = 0; i < plot_.series.size(); ++i) drawSeries(plot_.series[i], i);
    drawHead();
    return out_ + "</svg>\n";
  }

 private:
  double highestX() const {
    double highest = 0;
    for (const PlotSeries& series : plot_.series) {
      if (!series.x.empty()) highest = std::max(highest, series.x.back());
    }
    for (const PlotBand& band : plot_.bands) highest = std::max(highest, band.to);
    return highest;
  }
  Axis makeYAxis() const {
    if (!plot_.yNames.empty()) return makeAxis(plot_.yNames);
    double lowest = 0;
    double highest = 0;
    for (const PlotSeries& series : plot_.series) {
      for (const double value : series.y) {
        if (value > 0) lowest = lowest == 0 ? value : std::min(lowest, value);
        highest = std::max(highest, value);
      }
    }
    return makeAxis(plot_.y, lowest, highest);
  }

  double left(double x) const { return kLeft + xAxis_.position(x) * (kWidth - kLeft - kRight); }
  double top(double y) const { return height_ - kBottom - yAxis_.position(y) * (height_ - kBottom - kTop); }

  void text(double x, double y, const char* style, const std::string& content) {
    out_ += format("<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, style) + escapeHtml(content) + "</text>\n";
  }
  void line(double x1, double y1, double x2, double y2, const char* style) {
    out_ += format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1, x2, y2, style);
  }

  void drawBands() {
    bool odd = false;
    for (const PlotBand& band : plot_.bands) {
      const double from = left(band.from);
      const double width = std::max(0.5, left(band.to) - from);
      out_ += format("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"plot-band%d\"><title>", from,
                     kTop, width, height_ - kBottom - kTop, odd ? 1 : 0) +
              escapeHtml(band.tooltip) + "</title></rect>\n";
      if (width >= 7.0 * static_cast<double>(band.text.size())) {
        text(from + width / 2, kTop - 5, "plot-band-text", band.text);
      }
      odd = !odd;
    }
  }
  void drawXAxis() {
    const double floor = height_ - kBottom;
    line(kLeft, floor, kWidth - kRight, floor, "plot-axis");
    for (const Tick& tick : xAxis_.ticks) {
      line(left(tick.value), floor, left(tick.value), floor + 4, "plot-axis");
      text(left(tick.value), floor + 17, "plot-x", tick.text);
    }
    text((kLeft + kWidth - kRight) / 2, height_ - 6, "plot-x plot-label", plot_.xLabel);
  }
  void drawYAxis() {
    for (const Tick& tick : yAxis_.ticks) {
      line(kLeft, top(tick.value), kWidth - kRight, top(tick.value), "plot-grid");
      text(kLeft - 7, top(tick.value) + 4, "plot-y", tick.text);
    }
    const double middle = (kTop + height_ - kBottom) / 2;
    out_ += format("<text transform=\"translate(13 %.1f) rotate(-90)\" class=\"plot-x plot-label\">", middle) +
            escapeHtml(plot_.yLabel) + "</text>\n";
  }

  void drawSeries(const PlotSeries& series, std::size_t number) {
    if (series.dashed) {
      const double height = top(series.y.front());
      line(kLeft, height, kWidth - kRight, height, format("plot-limit s%zu", number).c_str());
      return;
    }
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= series.y.size(); ++i) {
      if (i < series.y.size() && !std::isnan(series.y[i])) continue;
      drawStretch(series, begin, i, number);
      begin = i + 1;
    }
  }
  void drawStretch(const PlotSeries& series, std::size_t begin, std::size_t end, std::size_t number) {
    if (begin == end) return;
    std::string points;
    double lastHeight = 0;
    for (const auto& [x, y] : thinOut(series, begin, end)) {
      const double height = top(y);
      if (series.stepped && !points.empty()) points += format("%.1f,%.1f ", left(x), lastHeight);
      points += format("%.1f,%.1f ", left(x), height);
      lastHeight = height;
    }
    out_ += format("<polyline class=\"plot-line s%zu\" points=\"", number) + points + "\"/>\n";
  }

  struct Point {
    double x = 0;
    double y = 0;
  };
  static std::vector<Point> thinOut(const PlotSeries& series, std::size_t begin, std::size_t end) {
    const std::size_t count = end - begin;
    const std::size_t columns = std::min(count, kColumns);
    std::vector<Point> points;
    for (std::size_t column = 0; column < columns; ++column) {
      const auto first = series.y.begin() + static_cast<std::ptrdiff_t>(begin + column * count / columns);
      const auto last = series.y.begin() + static_cast<std::ptrdiff_t>(begin + (column + 1) * count / columns);
      const auto [low, high] = std::minmax_element(first, last);
      for (const auto value : {std::min(low, high), std::max(low, high)}) {
        points.push_back({series.x[static_cast<std::size_t>(value - series.y.begin())], *value});
        if (low == high) break;
      }
    }
    return points;
  }

  /// Title at the left, legend at the right of it.
  void drawHead() {
    text(kLeft, 16, "plot-title", plot_.title);
    double x = kWidth - kRight;
    for (std::size_t i = plot_.series.size(); i-- > 0;) {
      const std::string& name = plot_.series[i].name;
      x -= 7.0 * static_cast<double>(name.size());
      text(x, 16, "plot-legend", name);
      line(x - 26, 12, x - 6, 12, format("%s s%zu", plot_.series[i].dashed ? "plot-limit" : "plot-line", i).c_str());
      x -= 46;
    }
  }

  const Plot& plot_;
  Axis xAxis_;
  Axis yAxis_;
  double height_;
  std::string out_;
};

}  // namespace

std::string svgOf(const Plot& plot) { return Drawing(plot).draw(); }

}  // namespace bench
