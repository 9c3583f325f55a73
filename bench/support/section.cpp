#include "support/section.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "support/statistics.hpp"
#include "support/table.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

std::string nanosecondsText(double perSecond) {
  return perSecond < 1e7 ? durationText(std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / perSecond)))
                         : format("%.1f ns", 1e9 / perSecond);
}

std::string numberText(double number) { return format(number < 100 ? "%.3g" : "%.0f", number); }

void printRates(const Section& section) {
  const Series& base = section.series[section.base];
  Table table({"", "a second", "each", "best", "spread", "/ " + base.name, "CPU each", "by CPU"});
  for (const Series& series : section.series) {
    const Summary summary = summarise(series.perSecond, true);
    table.addRow({series.name, rateText(summary.median), nanosecondsText(summary.median), nanosecondsText(summary.best),
                  format("%.1f %%", summary.spreadPercent()),
                  format("%.3f", pairedRatio(series.perSecond, base.perSecond)),
                  nanosecondsText(median(series.perCpuSecond)),
                  format("%.3f", pairedRatio(series.perCpuSecond, base.perCpuSecond))});
  }
  table.print(stdout);
}

void printWaits(const std::vector<Waits>& all) {
  if (all.empty()) return;
  Table table({"waited", "p50", "p99", "p99.9", "worst"});
  for (const Waits& waits : all) {
    table.addRow({waits.name, durationText(waits.all.quantile(0.5)), durationText(waits.all.quantile(0.99)),
                  durationText(waits.all.quantile(0.999)), durationText(waits.all.max())});
  }
  table.print(stdout);
}

void printMeasures(const std::vector<Measure>& measures) {
  if (measures.empty()) return;
  Table table({"besides", "median", "lowest", "highest"});
  for (const Measure& measure : measures) {
    table.addRow({measure.name, numberText(median(measure.values)), numberText(quantile(measure.values, 0)),
                  numberText(quantile(measure.values, 1))});
  }
  table.print(stdout);
}

}  // namespace

Target atLeast(const Series& series, const Series& base, double wanted) {
  const double ratio = pairedRatio(series.perSecond, base.perSecond);
  return {series.name + " / " + base.name, format(">= %g", wanted), format("%.3f", ratio), ratio >= wanted};
}

void printSection(const Section& section) {
  std::printf("%s\n", section.title.c_str());
  printRates(section);
  printWaits(section.waits);
  printMeasures(section.measures);
  for (const Target& target : section.targets) {
    std::printf("  %-7s %s: wanted %s, reached %s\n", target.met ? "reached" : "MISSED", target.what.c_str(),
                target.wanted.c_str(), target.reached.c_str());
  }
  std::printf("\n");
  std::fflush(stdout);
}

namespace {

using Json = nlohmann::ordered_json;

Json seriesJson(const Series& series, const Series& base) {
  const Summary summary = summarise(series.perSecond, true);
  return {{"name", series.name},
          {"median", summary.median},
          {"lowerQuartile", summary.lowerQuartile},
          {"upperQuartile", summary.upperQuartile},
          {"best", summary.best},
          {"ratioToBase", pairedRatio(series.perSecond, base.perSecond)},
          {"cpuRatioToBase", pairedRatio(series.perCpuSecond, base.perCpuSecond)},
          {"perSecond", series.perSecond},
          {"perCpuSecond", series.perCpuSecond}};
}

Json waitsJson(const Waits& waits) {
  return {{"name", waits.name},
          {"count", waits.all.count()},
          {"p50Nanoseconds", waits.all.quantile(0.5).count()},
          {"p99Nanoseconds", waits.all.quantile(0.99).count()},
          {"p999Nanoseconds", waits.all.quantile(0.999).count()},
          {"worstNanoseconds", waits.all.max().count()},
          {"worstNanosecondsOfRounds", waits.worst}};
}

}  // namespace

Json sectionJson(const Section& section) {
  const Series& base = section.series[section.base];
  Json json{{"title", section.title}, {"base", base.name}};
  Json& all = json["series"] = Json::array();
  for (const Series& series : section.series) all.push_back(seriesJson(series, base));
  for (const Waits& waits : section.waits) json["waits"].push_back(waitsJson(waits));
  for (const Measure& measure : section.measures) {
    json["measures"].push_back({{"name", measure.name}, {"values", measure.values}});
  }
  Json& targets = json["targets"] = Json::array();
  for (const Target& target : section.targets) {
    targets.push_back(
        {{"what", target.what}, {"wanted", target.wanted}, {"reached", target.reached}, {"met", target.met}});
  }
  return json;
}

}  // namespace bench
