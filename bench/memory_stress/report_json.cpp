#include <nlohmann/json.hpp>

#include "memory_stress/report.hpp"
#include "support/process_facts.hpp"

namespace bench {

namespace {

using Json = nlohmann::ordered_json;

Json toJson(const LatencyHistogram& latency) {
  return {{"count", latency.count()},
          {"p50Nanoseconds", latency.quantile(0.5).count()},
          {"p90Nanoseconds", latency.quantile(0.9).count()},
          {"p99Nanoseconds", latency.quantile(0.99).count()},
          {"p999Nanoseconds", latency.quantile(0.999).count()},
          {"maxNanoseconds", latency.max().count()}};
}

Json toJson(const Tally& tally) {
  Json json{{"completed", tally.completed},
            {"expectedErrors", tally.expectedErrors},
            {"unexpectedErrors", tally.unexpectedErrors},
            {"memoryRefusals", tally.memoryRefusals},
            {"errors", tally.errors},
            {"firstUnexpected", tally.firstUnexpected},
            {"latency", toJson(tally.allLatencies())}};
  Json& kinds = json["latencyByKind"] = Json::object();
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (tally.latency[i].count() > 0) kinds[toText(static_cast<Kind>(i))] = toJson(tally.latency[i]);
  }
  return json;
}

Json toJson(const Trend& trend) {
  return {{"samples", trend.samples},
          {"seconds", trend.seconds},
          {"meanBytes", trend.mean},
          {"bytesPerSecond", trend.slope},
          {"bytesPerSecondLow", trend.slopeLow},
          {"bytesPerSecondHigh", trend.slopeHigh}};
}

Json toJson(const ScenarioResult& scenario) {
  Json json{{"name", scenario.name},
            {"what", scenario.what},
            {"seconds", scenario.seconds},
            {"operationsPerSecond", static_cast<double>(scenario.tally.completed) / scenario.seconds},
            {"tally", toJson(scenario.tally)},
            {"heapPeakBytes", scenario.heapPeakBytes},
            {"residentStartBytes", scenario.residentStartBytes},
            {"residentEndBytes", scenario.residentEndBytes},
            {"logPeakBytes", scenario.logPeakBytes},
            {"poolRefusals", scenario.poolRefusals}};
  if (scenario.judged) json["residentTrend"] = toJson(residentTrend(scenario));
  json["poolMetrics"] = scenario.poolMetrics;
  return json;
}

Json toJson(const BareSlice& slice) {
  return {{"seconds", slice.seconds},
          {"completed", slice.completed},
          {"errors", slice.errors},
          {"memoryRefusals", slice.memoryRefusals},
          {"heapPeakBytes", slice.heapPeakBytes},
          {"p50Nanoseconds", slice.p50Nanoseconds},
          {"p99Nanoseconds", slice.p99Nanoseconds}};
}

Json toJson(const SideBySide& sides) {
  return {{"holdfastPerSecond", sides.ours},
          {"barePerSecond", sides.bare},
          {"ratio", sides.ratio},
          {"holdfast", toJson(sides.tally)},
          {"holdfastHeapPeakBytes", sides.oursHeapPeakBytes},
          {"bare", toJson(sides.bareTotal)},
          {"bareUnderHardLimit", toJson(sides.limited)}};
}

Json holdingsJson(const Sample& sample) {
  return {{"heapBytes", sample.heapBytes},
          {"residentBytes", sample.residentBytes},
          {"descriptors", sample.descriptors},
          {"threads", sample.threads}};
}

/// Columns rather than objects: a long run has thousands of samples.
Json toJson(const std::vector<Sample>& samples) {
  Json rows = Json::array();
  for (const Sample& sample : samples) {
    rows.push_back({sample.seconds, sample.scenario, sample.heapBytes, sample.heapPeakBytes, sample.residentBytes,
                    sample.logBytes, sample.descriptors, sample.threads, sample.operationsPerSecond, sample.steady});
  }
  return {{"columns",
           {"seconds", "scenario", "heapBytes", "heapPeakBytes", "residentBytes", "logBytes", "descriptors", "threads",
            "operationsPerSecond", "steady"}},
          {"rows", rows}};
}

Json optionsJson(const Options& options) {
  return {{"directory", options.directory}, {"limitBytes", options.limit},
          {"handles", options.handles},     {"threads", options.threads},
          {"sizeBytes", options.size},      {"durationMilliseconds", options.duration.count()}};
}

}  // namespace

Json reportJson(const Run& run, const std::vector<Verdict>& verdicts) {
  Json json{{"program", "memory_stress"}, {"options", optionsJson(run.options)}, {"machine", machineFacts()}};
  json["database"] = {{"rows", run.database.rows},
                      {"bytes", run.database.bytes},
                      {"reused", run.database.reused},
                      {"seconds", run.database.seconds}};
  json["heapPeakBytes"] = run.heapPeakBytes;
  json["sideBySide"] = toJson(run.sideBySide);
  Json& scenarios = json["scenarios"] = Json::array();
  for (const ScenarioResult& scenario : run.scenarios) scenarios.push_back(toJson(scenario));
  json["before"] = holdingsJson(run.before);
  json["after"] = holdingsJson(run.after);
  json["updatesFound"] = run.updatesFound;
  json["integrity"] = run.integrity;
  Json& judged = json["verdicts"] = Json::array();
  bool held = true;
  for (const Verdict& verdict : verdicts) {
    judged.push_back({{"name", verdict.name}, {"held", verdict.held}, {"detail", verdict.detail}});
    held = held && verdict.held;
  }
  json["held"] = held;
  json["samples"] = toJson(run.samples);
  return json;
}

}  // namespace bench
