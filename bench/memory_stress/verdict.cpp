#include "memory_stress/verdict.hpp"

#include <algorithm>

#include "support/text.hpp"

namespace bench {

std::vector<Sample> afterWarmUp(const ScenarioResult& scenario) {
  std::vector<Sample> steady = scenario.samples;
  std::erase_if(steady, [](const Sample& sample) { return !sample.steady; });
  steady.erase(steady.begin(), steady.begin() + static_cast<std::ptrdiff_t>(steady.size() / 3));
  return steady;
}

Trend residentTrend(const ScenarioResult& scenario) {
  std::vector<double> seconds;
  std::vector<double> bytes;
  for (const Sample& sample : afterWarmUp(scenario)) {
    seconds.push_back(sample.seconds);
    bytes.push_back(static_cast<double>(sample.residentBytes));
  }
  return fitTrend(seconds, bytes);
}

namespace {

std::string text(std::int64_t bytes) { return bytesText(static_cast<double>(bytes)); }

Verdict withinLimit(const Run& run) {
  return {"SQLite heap within the limit", run.heapPeakBytes <= run.options.limit,
          "peak " + text(run.heapPeakBytes) + " of " + text(run.options.limit)};
}

Verdict nothingRefused(const Run& run) {
  std::uint64_t seen = run.sideBySide.tally.memoryRefusals;
  std::uint64_t counted = 0;
  for (const ScenarioResult& scenario : run.scenarios) {
    seen += scenario.tally.memoryRefusals;
    counted += scenario.poolRefusals;
  }
  return {"no operation refused for memory", seen == 0 && counted == 0,
          format("%llu seen by callers, %llu counted by the pools", static_cast<unsigned long long>(seen),
                 static_cast<unsigned long long>(counted))};
}

Verdict noUnexpected(const Run& run) {
  std::uint64_t errors = run.sideBySide.tally.unexpectedErrors;
  std::string first = run.sideBySide.tally.firstUnexpected;
  for (const ScenarioResult& scenario : run.scenarios) {
    errors += scenario.tally.unexpectedErrors;
    if (first.empty() && !scenario.tally.firstUnexpected.empty()) {
      first = scenario.name + ": " + scenario.tally.firstUnexpected;
    }
  }
  return {"no unexpected error", errors == 0,
          errors == 0 ? "none" : format("%llu, first: ", static_cast<unsigned long long>(errors)) + first};
}

/// Growth below a hundredth of what is resident is not a trend, however regular it looks.
Verdict flat(const ScenarioResult& scenario) {
  const Trend trend = residentTrend(scenario);
  const bool straddlesZero = trend.slopeLow <= 0;
  const bool small = trend.growth() < trend.mean / 100;
  return {"resident memory flat: " + scenario.name, trend.samples >= 3 && (straddlesZero || small),
          format("slope %+.1f KiB/s, 95 %% between %+.1f and %+.1f; %+.2f %% of %s in %.1f s", trend.slope / 1024,
                 trend.slopeLow / 1024, trend.slopeHigh / 1024, trend.mean == 0 ? 0 : 100 * trend.growth() / trend.mean,
                 bytesText(trend.mean).c_str(), trend.seconds)};
}

Verdict constant(const ScenarioResult& scenario) {
  const std::vector<Sample> samples = afterWarmUp(scenario);
  const auto [fewestFiles, mostFiles] = std::minmax_element(
      samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.descriptors < b.descriptors; });
  const auto [fewestThreads, mostThreads] = std::minmax_element(
      samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.threads < b.threads; });
  if (samples.empty()) return {"files and threads constant: " + scenario.name, false, "no samples"};
  return {"files and threads constant: " + scenario.name,
          fewestFiles->descriptors == mostFiles->descriptors && fewestThreads->threads == mostThreads->threads,
          format("%d to %d files, %d to %d threads", fewestFiles->descriptors, mostFiles->descriptors,
                 fewestThreads->threads, mostThreads->threads)};
}

Verdict nothingLeft(const Run& run) {
  const Sample& a = run.before;
  const Sample& b = run.after;
  return {"nothing left behind after closing",
          b.heapBytes <= a.heapBytes && b.descriptors <= a.descriptors && b.threads <= a.threads,
          format("SQLite heap %s then %s, files %d then %d, threads %d then %d", text(a.heapBytes).c_str(),
                 text(b.heapBytes).c_str(), a.descriptors, b.descriptors, a.threads, b.threads)};
}

Verdict nothingLost(const Run& run) {
  std::uint64_t acknowledged = 0;
  bool certain = true;
  for (const ScenarioResult& scenario : run.scenarios) {
    acknowledged += scenario.tally.latency[static_cast<std::size_t>(Kind::Update)].count();
    certain = certain && scenario.tally.unexpectedErrors == 0;
  }
  const auto found = static_cast<std::uint64_t>(run.updatesFound);
  // An update that failed may have happened; one that was acknowledged must have.
  return {"acknowledged updates are there", certain ? found == acknowledged : found >= acknowledged,
          format("%llu acknowledged, %llu found", static_cast<unsigned long long>(acknowledged),
                 static_cast<unsigned long long>(found))};
}

}  // namespace

std::vector<Verdict> judge(const Run& run) {
  std::vector<Verdict> verdicts{withinLimit(run), nothingRefused(run), noUnexpected(run)};
  for (const ScenarioResult& scenario : run.scenarios) {
    if (!scenario.judged) continue;
    verdicts.push_back(flat(scenario));
    verdicts.push_back(constant(scenario));
  }
  verdicts.push_back(nothingLeft(run));
  verdicts.push_back(nothingLost(run));
  verdicts.push_back({"database intact", run.integrity == "ok", "integrity_check: " + run.integrity});
  if (run.interrupted) verdicts.push_back({"ran to its end", false, "interrupted"});
  return verdicts;
}

}  // namespace bench
