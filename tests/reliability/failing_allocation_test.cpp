// Every allocation of SQLite's fails, by the kit. The finer sweep, with those of C++, is in tests/memory.

#include <holdfast/testing/doctest.hpp>

#include <holdfast/testing/allocation_faults.hpp>

#include "reliability/ledger.hpp"

using namespace holdfast::test;
using namespace holdfast::testing;

namespace {

// SQLite takes its allocator only before it is first used.
const bool installed = installAllocationFaults();

}  // namespace

TEST_SUITE("reliability/failing_allocation") {
  TEST_CASE("whichever allocation of SQLite's fails, nothing is lost and the pool goes on afterwards") {
    CHECK(installed);
    FailingAllocationOptions options;
    options.step = 7;
    const FaultReport report =
        runFailingAllocations(ledger("allocations", {.transactions = 3, .heals = true}), options);
    checkReport(report);
    CHECK(report.points > 50);
    options.run.only = "allocations/allocation:once:7";
    CHECK(runFailingAllocations(ledger("allocations", {.transactions = 3, .heals = true}), options).points == 1);
  }
}
