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

void runHere(const Scenario& scenario, std::chrono::milliseconds duration, Monitor& monitor, ScenarioResult& result) {
  monitor.watch(scenario.pool);
  TeamResult team = runTeam(scenario.roles, duration, &monitor);
  monitor.watch(nullptr);
  result.seconds = team.seconds;
  result.tally = std::move(team.tally);
}

void runElsewhere(const Scenario& scenario, std::chrono::milliseconds duration, Monitor& monitor,
                  ScenarioResult& result) {
  monitor.announce(result.name + ": in a process of its own");
  result.ranElsewhere = true;
  result.elsewhere = scenario.elsewhere(duration);
  const LoadResult& load = result.elsewhere;
  result.seconds = load.seconds;
  Tally& tally = result.tally;
  std::copy(load.completedOf.begin(), load.completedOf.end(), tally.completedOf.begin());
  std::copy(load.refusedOf.begin(), load.refusedOf.end(), tally.refusedOf.begin());
  tally.completed = load.completed;
  tally.allowedRefusals = load.allowedRefusals;
  tally.unexpectedErrors = load.refused + load.otherErrors;
  tally.uncertainWrites = load.uncertainWrites;
  tally.errors = load.errors;
  for (const auto& [code, times] : load.errors) tally.expectedErrors += times;
  tally.expectedErrors -= std::min(tally.expectedErrors, tally.unexpectedErrors);
  tally.firstUnexpected = load.firstError;
  tally.firstRefusal = load.firstRefusal;
}

}  // namespace

ScenarioResult runScenario(const ScenarioPlan& plan, const Setting& setting, std::chrono::milliseconds duration,
                           Monitor& monitor) {
  monitor.begin(plan.name);
  ScenarioResult result;
  result.name = plan.name;
  result.what = plan.what;
  result.judged = plan.judged;
  Scenario scenario;
  Worker making;
  making.prepare([&] { scenario = plan.make(setting); });
  result.began = monitor.lookNow().seconds;
  result.residentStartBytes = residentBytes();
  if (scenario.elsewhere) runElsewhere(scenario, duration, monitor, result);
  if (!scenario.roles.empty()) runHere(scenario, duration, monitor, result);
  result.tally.merge(making.tally());
  result.residentEndBytes = residentBytes();
  result.ended = monitor.lookNow().seconds;
  if (scenario.pool) closePool(*scenario.pool, result);
  scenario.roles.clear();
  if (scenario.finish) result.verdicts = scenario.finish(result.tally);
  result.samples = monitor.scenarioSamples();
  for (const Sample& sample : result.samples) result.logPeakBytes = std::max(result.logPeakBytes, sample.logBytes);
  result.heapPeakBytes = scenario.elsewhere ? result.elsewhere.heapPeakBytes : monitor.scenarioHeapPeakBytes();
  return result;
}

}  // namespace bench
