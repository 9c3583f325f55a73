#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "memory_stress/comparison.hpp"
#include "memory_stress/scenario.hpp"
#include "memory_stress/smallest_budget.hpp"
#include "support/robust_trend.hpp"

namespace bench {

/// A whole run.
struct Run {
  Options options;
  Database database;
  std::optional<Comparison> comparison;
  /// What one bare handle can do in the budget; where it was asked.
  std::optional<SingleHandle> single;
  std::vector<ScenarioResult> scenarios;
  std::optional<SmallestBudget> smallest;
  std::vector<Sample> samples;
  std::int64_t heapPeakBytes = 0;
  Sample before;                 ///< With no database open: before the first scenario ...
  Sample after;                  ///< ... and after the last.
  std::int64_t rowsMissing = 0;  ///< At the end, of those that it was filled with.
  std::string integrity;
  bool interrupted = false;
};

/// Samples of a scenario that count: the load was running, and the first third, in which caches fill, was over.
std::vector<Sample> afterWarmUp(const ScenarioResult& scenario);
/// Resident memory over those samples, in bytes.
Trend residentTrend(const ScenarioResult& scenario);
/// Operations that were refused for want of memory though one bare handle could do them in the same budget; all
/// unexpected refusals where that is not known.
std::uint64_t refusedUnduly(const Run& run);
/// Whether some operation was refused unexpectedly.
bool hasRefusals(const Run& run);

std::vector<Verdict> judge(const Run& run);
bool allHeld(const std::vector<Verdict>& verdicts);

}  // namespace bench
