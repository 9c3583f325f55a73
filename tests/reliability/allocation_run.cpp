#include "reliability/allocation_run.hpp"

#include <stdexcept>

#include "support/allocation_faults.hpp"
#include "support/temp_directory.hpp"

namespace holdfast::test {
namespace {

/// What is made once for the process is made by a run that nothing happens to.
void runUnharmed(const testing::Scenario& scenario) {
  const TempDirectory directory;
  const std::string database = directory.file("test.db");
  scenario.setUp(database);
  testing::FaultyDisk disk;
  testing::Attempt attempt(disk, database, 1);
  scenario.work(attempt);
}

/// What the work leaves of C++'s memory is a finding; the kit itself sees SQLite's.
testing::Scenario leavingNothing(testing::Scenario scenario) {
  scenario.work = [work = scenario.work](testing::Attempt& attempt) {
    const std::int64_t before = LiveAllocations::now().cpp;
    try {
      work(attempt);
    } catch (const std::exception&) {
      if (attempt.isHealed()) throw;
    }
    attempt.heal();
    const std::int64_t more = LiveAllocations::now().cpp - before;
    if (more > 0) throw std::runtime_error(std::to_string(more) + " allocations of C++'s are left");
  };
  return scenario;
}

}  // namespace

testing::FaultReport runAllocations(const std::string& name, const LedgerOptions& options, std::int64_t step,
                                    const testing::RunOptions& run) {
  const testing::Scenario scenario = ledger(name, options);
  runUnharmed(scenario);
  testing::FailingAllocationOptions every;
  every.kinds = {AllocationKind::Sqlite, AllocationKind::Cpp, AllocationKind::Any};
  every.step = step;
  every.run = run;
  return runFailingAllocations(leavingNothing(scenario), every);
}

}  // namespace holdfast::test
