// Fails every single allocation of everything that a pool does, SQLite's and C++'s, one at a time and from one on, and
// prints what became of it. Exit code 1: a crash, a leak, a lost or invented row, a wrong error, or a pool that does
// not work on.
//
//   allocation_sweep                                       every point of every scenario
//   allocation_sweep --stride 7 [--scenario NAME]          every seventh
//   allocation_sweep --scenario NAME --point KIND MODE N   one point, with the stack of the allocation

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "memory/sweep.hpp"

using namespace holdfast::test;

namespace {

struct Options {
  std::string scenario;
  SweepPlan plan;
};

AllocationKind kindOf(const std::string& text) {
  return text == "cpp" ? AllocationKind::Cpp : text == "sqlite" ? AllocationKind::Sqlite : AllocationKind::Any;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--stride" && i + 1 < argc) {
      options.plan.stride = std::atoll(argv[++i]);
    } else if (name == "--scenario" && i + 1 < argc) {
      options.scenario = argv[++i];
    } else if (name == "--point" && i + 3 < argc) {
      options.plan.only = true;
      options.plan.kind = kindOf(argv[++i]);
      options.plan.mode = std::string(argv[++i]) == "once" ? FaultMode::Once : FaultMode::Onward;
      options.plan.from = std::atoll(argv[++i]);
    } else {
      std::fprintf(stderr, "allocation_sweep: %s is not known; see the head of the source\n", argv[i]);
      std::exit(2);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  std::int64_t points = 0;
  std::int64_t problems = 0;
  const auto start = std::chrono::steady_clock::now();
  for (const Scenario& scenario : allScenarios()) {
    if (!options.scenario.empty() && options.scenario != scenario.name) continue;
    for (SweepPlan plan : plansFor(scenario, options.plan.stride)) {
      if (options.plan.only) plan = options.plan;
      const SweepResult result = sweep(scenario, plan);
      points += result.points;
      problems += result.problems;
      std::printf("%s\n", toText(scenario, plan, result).c_str());
      std::fflush(stdout);
      if (plan.only) break;
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%lld points, %lld problems, %.1f s\n", static_cast<long long>(points), static_cast<long long>(problems),
              took.count());
  return problems == 0 && points > 0 ? 0 : 1;
}
