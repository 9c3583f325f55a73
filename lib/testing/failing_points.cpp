// The first call fails, then the second, and so on until a run ends unharmed.

#include <algorithm>
#include <limits>
#include <new>

#include <holdfast/error.hpp>
#include <holdfast/testing/allocation_faults.hpp>

#include "testing/runner.hpp"

namespace holdfast::testing {
namespace {

/// What one run under a fault has to show: `run` carries the work out with the fault armed and says how often it failed.
template <typename Run>
bool tryPoint(Runner& runner, const std::string& id, std::uint64_t seed, Run&& run) {
  bool harmed = false;
  runner.point(id, [&](const std::string& point) {
    const std::string directory = runner.fresh("work");
    const std::string database = Workspace::databaseIn(directory);
    FaultyDisk::seedRandomness(seed);
    Attempt attempt(runner.disk(), database, seed);
    const std::uint64_t failed = run(attempt, point);
    harmed = failed > 0;
    runner.report.faults += failed;
    const Oracle oracle(attempt.marks(), Loss::None);
    runner.report.acknowledged += oracle.acknowledged();
    constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
    if (!runner.scenario.restart) return runner.look(database, oracle, kAll, point);
    // Looking recovers, and the application is to meet what the run left: a copy is looked at.
    runner.look(Workspace::databaseIn(runner.place("look", readFiles(directory))), oracle, kAll, point);
    if (runner.restart(database, point)) runner.look(database, oracle, kAll, point);
  });
  if (harmed) ++runner.report.points;
  return harmed;
}

void requireStep(std::int64_t step, std::int64_t first) {
  if (step < 1 || first < 0) throw Error(ErrorCode::InvalidArgument, "step must be at least 1 and first at least 0");
}

/// Whether the program's operator new asks refusesAllocation(). A direct call: no compiler leaves it out.
bool cppTakesPart() {
  const AllocationFaults first(AllocationKind::Cpp, FaultMode::Once, 0);
  ::operator delete(::operator new(1, std::nothrow));
  return AllocationFaults::haveHappened();
}

void requireTakingPart(const std::vector<AllocationKind>& kinds) {
  if (!allocationFaultsInstalled()) {
    throw Error(ErrorCode::Misuse, "installAllocationFaults() must be called before SQLite is first used");
  }
  const auto isSqlite = [](AllocationKind kind) { return kind == AllocationKind::Sqlite; };
  if (!std::all_of(kinds.begin(), kinds.end(), isSqlite) && !cppTakesPart()) {
    throw Error(ErrorCode::Misuse,
                "C++'s allocations take part where the program's operator new asks refusesAllocation(): replace it");
  }
}

/// All points of one series, or the one that is to be replayed.
template <typename Point>
void forEachPoint(Runner& runner, const std::string& kind, const std::string& series, std::int64_t first,
                  std::int64_t step, Point&& tryIt) {
  const std::string prefix = kind + ":" + series + ":";
  if (const auto only = runner.only(kind)) {
    std::string asked;
    for (std::size_t i = 0; i + 1 < only->fields.size(); ++i) asked += only->fields[i] + ":";
    if (asked != series + ":") return;
    const std::uint64_t n = numberIn(*only, only->fields.size() - 1);
    tryIt(static_cast<std::int64_t>(n), prefix + std::to_string(n));
    return;
  }
  if (!runner.isAll()) return;
  for (std::int64_t n = first; !runner.isEnough() && tryIt(n, prefix + std::to_string(n)); n += step) {
  }
}

}  // namespace

FaultReport runFailingCalls(const Scenario& scenario, const FailingCallOptions& options) {
  requireStep(options.step, options.first);
  Runner runner(scenario, options.run);
  for (const Failure failure : options.failures) {
    for (const bool forGood : {false, true}) {
      if (!(forGood ? options.forGood : options.once)) continue;
      const std::string series = std::string(toText(failure)) + (forGood ? ":forGood" : ":once");
      forEachPoint(runner, "call", series, options.first, options.step, [&](std::int64_t n, const std::string& id) {
        return tryPoint(runner, id, 1, [&](Attempt& attempt, const std::string& point) {
          IoFault fault;
          fault.failure = failure;
          fault.after = n;
          fault.times = forGood ? IoFault::kForEver : 1;
          runner.disk().fail(fault);
          runner.work(attempt, false, point);
          return static_cast<std::uint64_t>(runner.disk().refused());
        });
      });
    }
  }
  return runner.finish();
}

FaultReport runFailingAllocations(const Scenario& scenario, const FailingAllocationOptions& options) {
  requireStep(options.step, options.first);
  requireTakingPart(options.kinds);
  Runner runner(scenario, options.run);
  for (const AllocationKind kind : options.kinds) {
    for (const FaultMode mode : {FaultMode::Once, FaultMode::Onward}) {
      if (!(mode == FaultMode::Onward ? options.forGood : options.once)) continue;
      const std::string series = std::string(toText(kind)) + (mode == FaultMode::Onward ? ":forGood" : ":once");
      forEachPoint(runner, "allocation", series, options.first, options.step,
                   [&](std::int64_t n, const std::string& id) {
                     return tryPoint(runner, id, 1, [&](Attempt& attempt, const std::string& point) {
                       const AllocationFaults faults(kind, mode, n);
                       runner.work(attempt, false, point);
                       return std::uint64_t{AllocationFaults::haveHappened()};
                     });
                   });
    }
  }
  return runner.finish();
}

}  // namespace holdfast::testing
