#include "memory_stress/scenario.hpp"

#include <algorithm>
#include <utility>

#include "support/process_facts.hpp"

namespace bench {

namespace {

void closePool(holdfast::ConnectionPool& pool, ScenarioResult& result) {
  const holdfast::PoolMetrics metrics = pool.metrics();
  result.poolMetrics = holdfast::toJson(metrics);
  result.poolRefusals = metrics.memoryRefusals;
  Worker closing;
  closing.prepare([&] { pool.close(); });
  result.tally.merge(closing.tally());
}

}  // namespace

ScenarioResult runScenario(const ScenarioPlan& plan, const Setting& setting, Monitor& monitor) {
  monitor.begin(plan.name);
  Scenario scenario = plan.make(setting);
  ScenarioResult result;
  result.name = plan.name;
  result.what = plan.what;
  result.judged = plan.judged;
  result.residentStartBytes = residentBytes();
  TeamResult team = runTeam(scenario.roles, setting.options.duration * plan.share / 100, &monitor);
  result.residentEndBytes = residentBytes();
  result.seconds = team.seconds;
  result.tally = std::move(team.tally);
  if (scenario.pool) closePool(*scenario.pool, result);
  result.samples = monitor.scenarioSamples();
  for (const Sample& sample : result.samples) result.logPeakBytes = std::max(result.logPeakBytes, sample.logBytes);
  result.heapPeakBytes = monitor.scenarioHeapPeakBytes();
  return result;
}

}  // namespace bench
