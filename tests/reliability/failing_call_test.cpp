// Every call of the file layer fails once, and it and all after it: nothing is lost, torn or leaked, nothing hangs, and
// the same pool goes on once the disk is well.

#include <holdfast/testing/doctest.hpp>

#include "reliability/ledger.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace holdfast::testing;

TEST_SUITE("reliability/failing_call") {
  TEST_CASE("whichever call fails, nothing is lost and the pool goes on afterwards") {
    const FaultReport report =
        runFailingCalls(ledger("calls", {.transactions = 5, .heals = true}), {.step = HOLDFAST_TEST_SLOWDOWN});
    checkReport(report);
    CHECK(report.points > 300 / HOLDFAST_TEST_SLOWDOWN);
  }

  TEST_CASE("the same with one handle for everything, and with weaker durability") {
    FailingCallOptions options;
    options.step = 5 * HOLDFAST_TEST_SLOWDOWN;
    checkFailingCalls(ledger("oneHandle", {.transactions = 5, .poolSize = 1, .heals = true}), options);
    checkFailingCalls(ledger("weaker", {.transactions = 5, .durability = Durability::Normal, .heals = true}), options);
  }

  TEST_CASE("the same with three threads that post and commit in groups") {
    FailingCallOptions options;
    options.failures = {Failure::IoError, Failure::NoSpace};
    options.step = 9 * HOLDFAST_TEST_SLOWDOWN;
    checkFailingCalls(ledger("threads", {.writers = 3, .transactions = 3, .heals = true}), options);
  }
}
