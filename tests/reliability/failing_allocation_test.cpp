// Every allocation of SQLite's fails, by the kit, in a program whose operator new is the usual one. Those of C++ are in
// allocation_run_test.cpp; the finer sweep is in tests/memory.

#include <holdfast/testing/doctest.hpp>

#include <holdfast/testing/allocation_faults.hpp>

#include "reliability/ledger.hpp"
#include "support/error_of.hpp"

using namespace holdfast;
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
    options.run.only = "allocations/allocation:sqlite:once:7";
    CHECK(runFailingAllocations(ledger("allocations", {.transactions = 3, .heals = true}), options).points == 1);
  }

  TEST_CASE("C++'s allocations cannot be made to fail where operator new does not ask") {
    FailingAllocationOptions options;
    options.kinds = {AllocationKind::Cpp};
    CHECK(codeOf([&] { runFailingAllocations(ledger("allocations", {}), options); }) == ErrorCode::Misuse);
  }
}
