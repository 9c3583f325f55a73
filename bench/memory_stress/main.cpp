// The memory-stress benchmark: real files, real threads, a budget, and an exit code that says whether it held.
// 0: it did; 1: it did not, or something else went wrong; 2: bad usage.

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>

#include "memory_stress/interrupt.hpp"
#include "memory_stress/report.hpp"
#include "support/json_file.hpp"

namespace bench {

namespace {

constexpr int kSideBySideShare = 20;

constexpr std::array kPlans{
    ScenarioPlan{"mixed load", "80 % point reads, 10 % range scans, 10 % durable updates", mixedLoad, 30, true},
    ScenarioPlan{"pool exhaustion", "three threads for each handle, 2 ms of patience", poolExhaustion, 8, false},
    ScenarioPlan{"long scans", "full scans, sorts and groups while others write", longScans, 16, false},
    ScenarioPlan{"connection churn", "pools, leases and aged handles come and go", connectionChurn, 8, false},
    ScenarioPlan{"leak loop", "leases, errors, exceptions, rolled back work", leakLoop, 18, true},
};

void runScenarios(Run& run, BareChild& child, Monitor& monitor) {
  const Setting setting{run.options, run.database};
  run.before = monitor.lookNow();
  run.sideBySide = runSideBySide(setting, child, run.options.duration * kSideBySideShare / 100, monitor);
  // Counted from here: what bare SQLite did in its turns is not holdfast's to answer for.
  const std::int64_t updatesBefore = countUpdates(run.options);
  for (const ScenarioPlan& plan : kPlans) {
    if (interrupted()) break;
    run.scenarios.push_back(runScenario(plan, setting, monitor));
  }
  run.after = monitor.lookNow();
  run.heapPeakBytes = monitor.heapPeakBytes();
  run.interrupted = interrupted();
  monitor.announce("checking the database");
  run.updatesFound = countUpdates(run.options) - updatesBefore;
  run.integrity = checkIntegrity(run.options);
}

Run execute(const Options& options) {
  Run run;
  run.options = options;
  BareChild child(options.databasePath());
  // Twice the duration and two minutes for the database: the load may be slow to stop.
  Monitor monitor(options.databasePath(), options.limit, 2 * options.duration + std::chrono::minutes{2}, options.quiet);
  run.database = prepareDatabase(options, [&](const std::string& what) { monitor.announce(what); });
  runScenarios(run, child, monitor);
  monitor.finish();
  run.samples = monitor.samples();
  return run;
}

int stress(const Options& options) {
  const Run run = execute(options);
  const std::vector<Verdict> verdicts = judge(run);
  printReport(run, verdicts);
  if (!options.json.empty()) writeJson(options.json, reportJson(run, verdicts));
  if (!options.keep && !run.database.reused) removeDatabase(options);
  const bool held = std::all_of(verdicts.begin(), verdicts.end(), [](const Verdict& v) { return v.held; });
  std::printf("\nmemory_stress: %s\n", held ? "the contract held" : "the contract was BROKEN");
  return held ? 0 : 1;
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  if (const std::optional<int> code = bench::parseOptions(argc, argv, options)) return *code;
  bench::catchInterrupts();
  try {
    return bench::stress(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "memory_stress: %s\n", error.what());
    return 1;
  }
}
