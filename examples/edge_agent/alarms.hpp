#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "counters.hpp"
#include "samplers.hpp"

namespace edge_agent {

enum class AlarmSide : std::uint8_t { Above, Below };

struct AlarmRule {
  std::string name;
  /// Shell pattern over "source/series", such as "cpu/cpu*.busy".
  std::string series;
  AlarmSide side = AlarmSide::Above;
  double threshold = 0;
  /// For how long the value must be beyond the threshold without a break before the alarm is raised.
  std::chrono::milliseconds hold{0};
  /// How far the value must come back inside of the threshold to clear it, so that a value that trembles around the
  /// threshold raises one alarm and not hundreds.
  double hysteresis = 0;
};

struct AlarmTransition {
  enum class Kind : std::uint8_t { Raised, Cleared };
  Kind kind{};
  std::string rule;
  std::string series;  ///< Without its source.
  double threshold = 0;
  double value = 0;
};

/// The alarms of one source's series: normal -> pending (beyond the threshold, not yet for long enough) -> raised ->
/// normal. Pure: values and times come from outside.
///
/// A value object. Whoever stores transitions observes on a copy and keeps the copy once they are durable; when the
/// transaction fails, the old state stands and the next look finds the same transitions again.
class AlarmTracker {
 public:
  AlarmTracker(Source source, std::vector<AlarmRule> rules);

  /// Takes in the samples of one look and says which alarms change.
  std::vector<AlarmTransition> observe(const std::vector<Sample>& samples, SteadyTime at);
  /// An alarm that an earlier run raised and did not clear. False where no rule is responsible for it any more.
  bool restore(std::string_view rule, std::string_view series);
  std::size_t raised() const noexcept;

 private:
  struct State {
    bool raised = false;
    bool pending = false;
    SteadyTime since{};
  };
  bool applies(const AlarmRule& rule, std::string_view series) const;
  const std::vector<std::size_t>& rulesFor(const std::string& series);

  std::string prefix_;
  std::vector<AlarmRule> rules_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> matches_;  // Series to its rules.
  std::map<std::pair<std::size_t, std::string>, State> states_;           // Rule and series.
};

}  // namespace edge_agent
