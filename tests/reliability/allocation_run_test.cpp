// Every allocation fails, SQLite's and C++'s. tools/torture tries each; a part of them in time for every build.

#include <holdfast/testing/doctest.hpp>

#include "reliability/allocation_run.hpp"

using namespace holdfast::test;
using namespace holdfast::testing;

TEST_SUITE("reliability/allocation_run") {
  TEST_CASE("whichever allocation fails, nothing is lost, no byte is left and the pool goes on afterwards") {
    const FaultReport report = runAllocations("everyAllocation", {.transactions = 3, .heals = true}, 11);
    checkReport(report);
    CHECK(report.points > 100);
  }
}
