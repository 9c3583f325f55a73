#include <limits>
#include <nlohmann/json.hpp>

#include "memory_stress/report.hpp"
#include "support/html_page.hpp"
#include "support/svg_plot.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

std::string text(std::int64_t bytes) { return bytesText(static_cast<double>(bytes)); }

template <typename F>
PlotSeries seriesOf(const Run& run, const std::string& name, F&& valueOf) {
  PlotSeries series;
  series.name = name;
  for (const Sample& sample : run.samples) {
    series.x.push_back(sample.seconds);
    series.y.push_back(static_cast<double>(valueOf(sample)));
  }
  return series;
}

/// The scenarios by the numbers that they have in the table.
std::vector<PlotBand> bandsOf(const Run& run) {
  std::vector<PlotBand> bands;
  for (const ScenarioResult& scenario : run.scenarios) {
    bands.push_back(
        {scenario.began, scenario.ended, format("%zu", bands.size() + 1), scenario.name + ": " + scenario.what});
  }
  return bands;
}

Plot plotOf(const Run& run, const std::string& title, const std::string& yLabel, Quantity y) {
  Plot plot;
  plot.title = title;
  plot.xLabel = "time since the start";
  plot.yLabel = yLabel;
  plot.y = y;
  plot.bands = bandsOf(run);
  return plot;
}

Plot heapPlot(const Run& run) {
  Plot plot = plotOf(run, "SQLite heap and repository caches", "bytes", Quantity::Bytes);
  plot.height = 280;
  plot.series = {seriesOf(run, "heap", [](const Sample& sample) { return sample.heapBytes; }),
                 seriesOf(run, "heap and caches", [](const Sample& s) { return s.heapBytes + s.cacheBytes; }),
                 seriesOf(run, "peak of the scenario", [](const Sample& sample) { return sample.heapPeakBytes; })};
  PlotSeries limit;
  limit.name = "budget";
  limit.y = {static_cast<double>(run.options.limit)};
  limit.dashed = true;
  plot.series.push_back(limit);
  // The widest line lies lowest.
  std::swap(plot.series[0], plot.series[1]);
  return plot;
}

Plot residentPlot(const Run& run) {
  Plot plot = plotOf(run, "Resident memory of the process", "bytes", Quantity::Bytes);
  plot.series = {seriesOf(run, "resident", [](const Sample& sample) { return sample.residentBytes; })};
  return plot;
}

Plot throughputPlot(const Run& run) {
  Plot plot = plotOf(run, "Throughput", "a second, logarithmic", Quantity::Rate);
  PlotSeries series{"operations a second", {}, {}};
  for (const Sample& sample : run.samples) {
    series.x.push_back(sample.seconds);
    series.y.push_back(sample.steady ? sample.operationsPerSecond : std::numeric_limits<double>::quiet_NaN());
  }
  plot.series = {series};
  return plot;
}

Plot stagePlot(const Run& run) {
  Plot plot = plotOf(run, "Memory stage of the pool", "stage", Quantity::Count);
  plot.height = 160;
  for (const auto stage :
       {holdfast::MemoryStage::Normal, holdfast::MemoryStage::Pressure, holdfast::MemoryStage::Critical}) {
    plot.yNames.emplace_back(toText(stage));
  }
  plot.series = {seriesOf(run, "stage", [](const Sample& sample) { return static_cast<int>(sample.stage); })};
  plot.series[0].stepped = true;
  return plot;
}

Plot filesPlot(const Run& run) {
  Plot plot = plotOf(run, "Files, threads and handles", "count", Quantity::Count);
  plot.series = {seriesOf(run, "files", [](const Sample& sample) { return sample.descriptors; }),
                 seriesOf(run, "temporary files", [](const Sample& sample) { return sample.temporaryFiles; }),
                 seriesOf(run, "threads", [](const Sample& sample) { return sample.threads; }),
                 seriesOf(run, "handles", [](const Sample& sample) { return sample.handles; })};
  return plot;
}

Plot logPlot(const Run& run) {
  Plot plot = plotOf(run, "Write-ahead log", "bytes", Quantity::Bytes);
  plot.series = {seriesOf(run, "log", [](const Sample& sample) { return sample.logBytes; })};
  return plot;
}

void addVerdicts(HtmlPage& page, const std::vector<Verdict>& verdicts) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> marks;
  for (const Verdict& verdict : verdicts) {
    rows.push_back({verdict.held ? "held" : "BROKEN", verdict.name, verdict.detail});
    marks.emplace_back(verdict.held ? "good" : "bad");
  }
  page.heading("Verdicts");
  page.table({"", "what had to hold", "what was seen"}, rows, marks, true);
}

void addGrid(HtmlPage& page, const std::string& heading, const Grid& grid) {
  if (grid.rows.empty()) return;
  page.heading(heading);
  page.table(grid.headings, grid.rows);
}

}  // namespace

std::string reportHtml(const Run& run, const std::vector<Verdict>& verdicts) {
  HtmlPage page("memory_stress: " + text(run.options.limit) + format(", %zu handles", run.options.handles));
  const bool held = allHeld(verdicts);
  page.banner(held ? "The contract held." : "The contract was broken: see the verdicts.", held);
  for (const std::string& line : headLines(run)) page.paragraph(line);
  addVerdicts(page, verdicts);
  addGrid(page, "Beside bare SQLite", comparisonGrid(run));
  if (run.smallest) addGrid(page, "The smallest budget", smallestGrid(*run.smallest));
  if (!run.scenarios.empty()) {
    page.heading("Over time");
    page.paragraph(
        "The numbers above the plots are the scenarios of the table below. Looked at up to ten times a second, from "
        "outside of the library; the peaks are SQLite's own, and exact. What runs in processes of its own (the "
        "comparison, "
        "the smallest budget, failing allocations) is not in the plots.");
    for (const Plot& plot :
         {heapPlot(run), stagePlot(run), throughputPlot(run), residentPlot(run), filesPlot(run), logPlot(run)}) {
      page.raw(svgOf(plot));
    }
  }
  addGrid(page, "Scenarios", scenarioGrid(run));
  return page.text();
}

}  // namespace bench
