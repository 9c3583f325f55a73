#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "memory_stress/scenario.hpp"
#include "memory_stress/side_by_side.hpp"
#include "support/statistics.hpp"

namespace bench {

/// A whole run.
struct Run {
  Options options;
  Database database;
  SideBySide sideBySide;
  std::vector<ScenarioResult> scenarios;
  std::vector<Sample> samples;
  std::int64_t heapPeakBytes = 0;
  Sample before;                  ///< With no database open: before the first scenario ...
  Sample after;                   ///< ... and after the last.
  std::int64_t updatesFound = 0;  ///< By reading the database afterwards.
  std::string integrity;
  bool interrupted = false;
};

struct Verdict {
  std::string name;
  bool held = false;
  std::string detail;
};

/// Samples of a scenario that count: the load was running, and the first third, in which caches fill, was over.
std::vector<Sample> afterWarmUp(const ScenarioResult& scenario);
/// Resident memory over those samples, in bytes.
Trend residentTrend(const ScenarioResult& scenario);

std::vector<Verdict> judge(const Run& run);

}  // namespace bench
