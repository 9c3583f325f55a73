#pragma once

// For tests written with doctest, which the user's program brings; the rest of the kit needs no framework.

#include <doctest/doctest.h>

#include <holdfast/testing/fault_runs.hpp>

namespace holdfast::testing {

/// The report becomes a check of the test that is running, and its text part of the output. One that was skipped, because
/// the point to replay is another test's, passes.
inline void checkReport(const FaultReport& report) {
  for (const Finding& finding : report.findings) {
    // GCOVR_EXCL_START: in a test that fails.
    FAIL_CHECK(toText(finding.verdict), " at ", finding.point, ": ", finding.what);
    // GCOVR_EXCL_STOP
  }
  MESSAGE(report.text());
  if (report.skipped) return;
  CHECK(report.ok());
  CHECK(report.points > 0);
}

inline void checkPowerCuts(const Scenario& scenario, const PowerCutOptions& options = {}) {
  checkReport(runPowerCuts(scenario, options));
}
inline void checkFailingCalls(const Scenario& scenario, const FailingCallOptions& options = {}) {
  checkReport(runFailingCalls(scenario, options));
}
inline void checkFailingAllocations(const Scenario& scenario, const FailingAllocationOptions& options = {}) {
  checkReport(runFailingAllocations(scenario, options));
}

}  // namespace holdfast::testing
