#include "alarms.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>

namespace edge_agent {
namespace {

bool isBeyond(const AlarmRule& rule, double value) noexcept {
  return rule.side == AlarmSide::Above ? value > rule.threshold : value < rule.threshold;
}

bool isBack(const AlarmRule& rule, double value) noexcept {
  return rule.side == AlarmSide::Above ? value <= rule.threshold - rule.hysteresis
                                       : value >= rule.threshold + rule.hysteresis;
}

}  // namespace

AlarmTracker::AlarmTracker(Source source, std::vector<AlarmRule> rules)
    : prefix_(std::string(nameOf(source)) + "/"), rules_(std::move(rules)) {}

bool AlarmTracker::applies(const AlarmRule& rule, std::string_view series) const {
  return fnmatch(rule.series.c_str(), (prefix_ + std::string(series)).c_str(), 0) == 0;
}

const std::vector<std::size_t>& AlarmTracker::rulesFor(const std::string& series) {
  const auto known = matches_.find(series);
  if (known != matches_.end()) return known->second;
  std::vector<std::size_t>& found = matches_[series];
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (applies(rules_[i], series)) found.push_back(i);
  }
  return found;
}

std::vector<AlarmTransition> AlarmTracker::observe(const std::vector<Sample>& samples, SteadyTime at) {
  std::vector<AlarmTransition> transitions;
  const auto report = [&](AlarmTransition::Kind kind, const AlarmRule& rule, const Sample& sample) {
    transitions.push_back({kind, rule.name, sample.name, rule.threshold, sample.value});
  };
  for (const Sample& sample : samples) {
    if (!std::isfinite(sample.value)) continue;
    for (const std::size_t index : rulesFor(sample.name)) {
      const AlarmRule& rule = rules_[index];
      State& state = states_[{index, sample.name}];
      if (state.raised) {
        if (!isBack(rule, sample.value)) continue;
        report(AlarmTransition::Kind::Cleared, rule, sample);
        state = {};
      } else if (!isBeyond(rule, sample.value)) {
        state = {};
      } else {
        if (!state.pending) state = {.pending = true, .since = at};
        if (at - state.since < rule.hold) continue;
        report(AlarmTransition::Kind::Raised, rule, sample);
        state = {.raised = true};
      }
    }
  }
  return transitions;
}

bool AlarmTracker::restore(std::string_view rule, std::string_view series) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].name != rule || !applies(rules_[i], series)) continue;
    states_[{i, std::string(series)}] = {.raised = true};
    return true;
  }
  return false;
}

std::size_t AlarmTracker::raised() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(states_.begin(), states_.end(), [](const auto& entry) { return entry.second.raised; }));
}

}  // namespace edge_agent
