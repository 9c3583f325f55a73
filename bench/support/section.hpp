#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "support/latency_histogram.hpp"
#include "support/rounds.hpp"

namespace bench {

/// A figure that was set as a goal.
struct Target {
  std::string what;
  std::string wanted;
  std::string reached;
  bool met = false;
};

/// How long the operations of one contender took, each by itself.
struct Waits {
  std::string name;
  LatencyHistogram all;
  /// The longest of each round, in nanoseconds.
  std::vector<double> worst;
};

/// Something else that was counted in each round.
struct Measure {
  std::string name;
  std::vector<double> values;
};

/// One comparison. The ratios of all series are to `base`.
struct Section {
  std::string title;
  std::vector<Series> series;
  std::size_t base = 0;
  std::vector<Target> targets;
  std::vector<Waits> waits = {};
  std::vector<Measure> measures = {};
};

/// Wants at least `wanted` times the rate of `base`.
Target atLeast(const Series& series, const Series& base, double wanted);

void printSection(const Section& section);
/// Everything that was measured, round by round.
nlohmann::ordered_json sectionJson(const Section& section);

}  // namespace bench
