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
            {"memoryRefusals", tally.refused()},
            {"allowedRefusals", tally.allowedRefusals},
            {"uncertainWrites", tally.uncertainWrites},
            {"errors", tally.errors},
            {"firstUnexpected", tally.firstUnexpected},
            {"firstRefusal", tally.firstRefusal},
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
          {"medianBytes", trend.level},
          {"bytesPerSecond", trend.slope},
          {"bytesPerSecondLow", trend.slopeLow},
          {"bytesPerSecondHigh", trend.slopeHigh}};
}

Json toJson(const ScenarioResult& scenario) {
  Json json{{"name", scenario.name},
            {"what", scenario.what},
            {"began", scenario.began},
            {"seconds", scenario.seconds},
            {"inAnotherProcess", scenario.ranElsewhere},
            {"tally", toJson(scenario.tally)},
            {"heapPeakBytes", scenario.heapPeakBytes},
            {"residentStartBytes", scenario.residentStartBytes},
            {"residentEndBytes", scenario.residentEndBytes},
            {"logPeakBytes", scenario.logPeakBytes},
            {"writesAcknowledged", scenario.tally.acknowledgedWrites()},
            {"writesFound", scenario.writesFound},
            {"poolRefusals", scenario.poolRefusals}};
  if (scenario.judged) json["residentTrend"] = toJson(residentTrend(scenario));
  json["poolMetrics"] = scenario.poolMetrics;
  return json;
}

/// By kind, those that there are.
Json countsJson(const std::vector<std::uint64_t>& counts) {
  Json json = Json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) json[toText(static_cast<Kind>(i))] = counts[i];
  }
  return json;
}

Json toJson(const LoadResult& load) {
  return {{"seconds", load.seconds},
          {"completed", load.completed},
          {"memoryRefusals", load.refused},
          {"otherErrors", load.otherErrors},
          {"heapPeakBytes", load.heapPeakBytes},
          {"p50Nanoseconds", load.p50Nanoseconds},
          {"p99Nanoseconds", load.p99Nanoseconds},
          {"completedByKind", countsJson(load.completedOf)},
          {"memoryRefusalsByKind", countsJson(load.refusedOf)},
          {"firstError", load.firstError},
          {"firstRefusal", load.firstRefusal},
          {"failure", load.failure}};
}

Json toJson(const Entrant& entrant) {
  return {{"name", entrant.name}, {"perSecond", entrant.perSecond}, {"total", toJson(entrant.total)}};
}

Json toJson(const Comparison& comparison) {
  return {{"budget", toJson(comparison.budget)},
          {"unlimited", toJson(comparison.unlimited)},
          {"bare", toJson(comparison.bare)},
          {"bareUnderHardLimit", toJson(comparison.limited)},
          {"ratioToUnlimited", comparison.toUnlimited},
          {"ratioToBare", comparison.toBare}};
}

Json toJson(const SmallestBudget& smallest) {
  Json trials = Json::array();
  for (const BudgetTrial& trial : smallest.trials) {
    trials.push_back({{"limitBytes", trial.limit}, {"works", trial.works}, {"load", toJson(trial.load)}});
  }
  return {{"smallestBytes", smallest.smallest}, {"trials", trials}};
}

Json toJson(const std::vector<Verdict>& verdicts) {
  Json json = Json::array();
  for (const Verdict& verdict : verdicts) {
    json.push_back({{"name", verdict.name}, {"held", verdict.held}, {"detail", verdict.detail}});
  }
  return json;
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
    rows.push_back({sample.seconds, sample.scenario, sample.heapBytes, sample.heapPeakBytes, sample.cacheBytes,
                    sample.residentBytes, sample.logBytes, sample.descriptors, sample.temporaryFiles, sample.threads,
                    sample.handles, toText(sample.stage), sample.operationsPerSecond, sample.steady});
  }
  return {{"columns",
           {"seconds", "scenario", "heapBytes", "heapPeakBytes", "cacheBytes", "residentBytes", "logBytes",
            "descriptors", "temporaryFiles", "threads", "handles", "stage", "operationsPerSecond", "steady"}},
          {"rows", rows}};
}

Json optionsJson(const Options& options) {
  return {{"directory", options.directory},
          {"limitBytes", options.limit},
          {"handles", options.handles},
          {"threads", options.threads},
          {"mallocArenas", options.mallocArenas},
          {"sizeBytes", options.size},
          {"durationMilliseconds", options.duration.count()},
          {"scenarios", options.scenarios},
          {"seed", options.seed}};
}

}  // namespace

Json reportJson(const Run& run, const std::vector<Verdict>& verdicts) {
  Json json{{"program", "memory_stress"}, {"options", optionsJson(run.options)}, {"machine", machineFacts()}};
  json["database"] = {{"rows", run.database.rows},
                      {"bytes", run.database.bytes},
                      {"reused", run.database.reused},
                      {"seconds", run.database.seconds}};
  json["heapPeakBytes"] = run.heapPeakBytes;
  if (run.comparison) json["comparison"] = toJson(*run.comparison);
  if (run.single)
    json["singleBareHandle"] = {{"plain", toJson(run.single->plain)}, {"tuned", toJson(run.single->tuned)}};
  if (run.smallest) json["smallestBudget"] = toJson(*run.smallest);
  Json& scenarios = json["scenarios"] = Json::array();
  for (const ScenarioResult& scenario : run.scenarios) scenarios.push_back(toJson(scenario));
  json["before"] = holdingsJson(run.before);
  json["after"] = holdingsJson(run.after);
  json["integrity"] = run.integrity;
  json["verdicts"] = toJson(verdicts);
  json["held"] = allHeld(verdicts);
  json["samples"] = toJson(run.samples);
  return json;
}

}  // namespace bench
