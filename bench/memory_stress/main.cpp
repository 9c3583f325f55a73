// The memory-stress benchmark: real files, real threads, a budget, and an exit code that says whether it held.
// 0: it did; 1: it did not, or something else went wrong; 2: bad usage.

#include <malloc.h>

#include <cstdio>
#include <exception>
#include <utility>

#include "memory_stress/interrupt.hpp"
#include "memory_stress/report.hpp"
#include "memory_stress/scenarios.hpp"
#include "support/json_file.hpp"
#include "support/whole_file.hpp"

namespace bench {

namespace {

/// Beside the weights of the scenarios.
constexpr int kComparisonWeight = 24;
constexpr int kSmallestWeight = 40;
/// The soak has no weight among others: it is for when there is time.
constexpr int kSoakWeight = 100;

/// Before the first thread.
void boundArenas([[maybe_unused]] int arenas) {
#ifdef M_ARENA_MAX
  if (arenas > 0) mallopt(M_ARENA_MAX, arenas);
#endif
}

int weightOf(const ScenarioPlan& plan) { return plan.weight > 0 ? plan.weight : kSoakWeight; }

/// What one unit of weight is worth.
std::chrono::milliseconds unitOf(const Options& options) {
  int weights = options.runs(kComparison) ? kComparisonWeight : 0;
  if (options.findSmallest) weights += kSmallestWeight;
  for (const ScenarioPlan& plan : scenarioPlans()) weights += options.runs(plan.name) ? weightOf(plan) : 0;
  return options.duration / weights;
}

void runEverything(Run& run, ForkServer& server, Monitor& monitor) {
  const Setting setting{run.options, run.database, server};
  const std::chrono::milliseconds unit = unitOf(run.options);
  if (run.options.runs(kComparison)) {
    run.comparison = runComparison(setting, unit * kComparisonWeight, monitor);
    monitor.announce("comparison: what one bare handle can do");
    run.single = trySingleHandle(setting);
  }
  run.before = monitor.lookNow();
  // From here: what others did in their turns is not the scenarios' to answer for.
  std::int64_t writes = countWrites(run.options);
  for (const ScenarioPlan& plan : scenarioPlans()) {
    if (!run.options.runs(plan.name) || interrupted()) continue;
    run.scenarios.push_back(runScenario(plan, setting, unit * weightOf(plan), monitor));
    const std::int64_t before = std::exchange(writes, countWrites(run.options));
    run.scenarios.back().writesFound = writes - before;
  }
  run.after = monitor.lookNow();
  run.heapPeakBytes = monitor.heapPeakBytes();
  if (!run.single && hasRefusals(run)) run.single = trySingleHandle(setting);
  if (run.options.findSmallest && !interrupted()) {
    run.smallest = findSmallestBudget(setting, unit * kSmallestWeight, monitor);
  }
  run.interrupted = interrupted();
  monitor.announce("checking the database");
  run.rowsMissing = run.database.rows + run.database.largeRows - countRows(run.options);
  run.integrity = checkIntegrity(run.options);
}

Run execute(const Options& options) {
  Run run;
  run.options = options;
  ForkServer server(runLoadRequest);
  // Twice the duration and two minutes for the database: the load may be slow to stop.
  Monitor monitor(options.databasePath(), options.limit, 2 * options.duration + std::chrono::minutes{2}, options.quiet);
  run.database = prepareDatabase(options, [&](const std::string& what) { monitor.announce(what); });
  runEverything(run, server, monitor);
  monitor.finish();
  run.samples = monitor.samples();
  return run;
}

int stress(const Options& options) {
  const Run run = execute(options);
  const std::vector<Verdict> verdicts = judge(run);
  printReport(run, verdicts);
  if (!options.json.empty()) writeJson(options.json, reportJson(run, verdicts));
  if (!options.html.empty()) writeWholeFile(options.html, reportHtml(run, verdicts));
  if (!options.keep && !run.database.reused) removeDatabase(options);
  const bool held = allHeld(verdicts);
  std::printf("\nmemory_stress: %s\n", held ? "the contract held" : "the contract was BROKEN");
  return held ? 0 : 1;
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  if (const std::optional<int> code = bench::parseOptions(argc, argv, options)) return *code;
  bench::boundArenas(options.mallocArenas);
  bench::catchInterrupts();
  try {
    return bench::stress(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "memory_stress: %s\n", error.what());
    return 1;
  }
}
