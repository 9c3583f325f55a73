#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace holdfast::test {

/// What a row of the table found. The JSON is the whole report.
struct RowResult {
  bool ok = false;
  std::uint64_t points = 0;
  std::string summary;
  nlohmann::json json;
};

/// How a row is to be run.
struct RowPlan {
  std::uint64_t points = 0;  ///< 0: all there are.
  std::uint64_t seed = 1;
  std::string directory;  ///< Scratch files; empty: the system's.
  /// Told now and then how many points have been tried.
  std::function<void(std::uint64_t points)> progress;
};

/// A row of the table of guarantees.
struct TortureRow {
  std::string name;
  std::string what;
  std::uint64_t points;  ///< Of the full form. Seconds for `processes`, 0 for all.
  std::function<RowResult(const RowPlan&)> run;
};

/// All of them. Those that start processes need a caller without threads.
const std::vector<TortureRow>& tortureRows();

}  // namespace holdfast::test
