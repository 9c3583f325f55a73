#include "bench_pool/report.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "support/process_facts.hpp"
#include "support/statistics.hpp"
#include "support/table.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

std::string nanosecondsText(double perSecond) {
  return perSecond < 1e7 ? durationText(std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / perSecond)))
                         : format("%.1f ns", 1e9 / perSecond);
}

}  // namespace

void printSection(const Section& section) {
  std::printf("%s\n", section.title.c_str());
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
  for (const Target& target : section.targets) {
    std::printf("  %-7s %s: wanted %s, reached %s\n", target.met ? "reached" : "MISSED", target.what.c_str(),
                target.wanted.c_str(), target.reached.c_str());
  }
  std::printf("\n");
  std::fflush(stdout);
}

namespace {

using Json = nlohmann::ordered_json;

Json toJson(const Section& section) {
  Json json{{"title", section.title}, {"base", section.series[section.base].name}};
  Json& all = json["series"] = Json::array();
  for (const Series& series : section.series) {
    const Summary summary = summarise(series.perSecond, true);
    all.push_back({{"name", series.name},
                   {"median", summary.median},
                   {"lowerQuartile", summary.lowerQuartile},
                   {"upperQuartile", summary.upperQuartile},
                   {"best", summary.best},
                   {"ratioToBase", pairedRatio(series.perSecond, section.series[section.base].perSecond)},
                   {"cpuRatioToBase", pairedRatio(series.perCpuSecond, section.series[section.base].perCpuSecond)},
                   {"perSecond", series.perSecond},
                   {"perCpuSecond", series.perCpuSecond}});
  }
  Json& targets = json["targets"] = Json::array();
  for (const Target& target : section.targets) {
    targets.push_back(
        {{"what", target.what}, {"wanted", target.wanted}, {"reached", target.reached}, {"met", target.met}});
  }
  return json;
}

}  // namespace

Json reportJson(const Options& options, const std::vector<Section>& sections) {
  Json json{{"program", "bench_pool"}, {"machine", machineFacts()}};
  json["options"] = {{"rounds", options.plan.rounds},
                     {"roundNanoseconds", options.plan.roundTime.count()},
                     {"rows", options.rows},
                     {"threads", options.threads}};
  Json& all = json["sections"] = Json::array();
  for (const Section& section : sections) all.push_back(toJson(section));
  return json;
}

}  // namespace bench
