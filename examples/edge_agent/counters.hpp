#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace edge_agent {

/// On the steady clock: the wall clock may be set while the agent runs, and no rate may depend on it.
using SteadyTime = std::chrono::steady_clock::time_point;

/// What a cumulative counter did between two looks at it.
enum class CounterStep : std::uint8_t {
  Forward,  ///< It grew or stayed.
  Wrapped,  ///< It is 32 bits wide and passed 2^32; the increase is known all the same.
  Reset,    ///< It began again (device replugged, driver reloaded): the increase is unknown.
};

struct CounterChange {
  CounterStep step = CounterStep::Forward;
  std::uint64_t increase = 0;  ///< 0 for Reset.
};

/// Judges a step from `before` to `after` within `seconds`. A counter that fell has wrapped at 2^32 where the increase
/// over the wrap is below 2^31 and no more than `plausibleRate` a second allows, and has been reset everywhere else: a
/// lost interval does less harm than an invented peak.
CounterChange judgeCounter(std::uint64_t before, std::uint64_t after, double seconds, double plausibleRate) noexcept;

/// Rates per second of cumulative counters, by name. The first look at a counter only sets its baseline.
class CounterRates {
 public:
  struct Rate {
    /// Nothing on the first look, after a reset, and where no time has passed.
    std::optional<double> perSecond;
    CounterStep step = CounterStep::Forward;
    std::uint64_t before = 0;
  };

  /// What the counter did since the last look at it.
  Rate rate(const std::string& name, std::uint64_t value, SteadyTime at, double plausibleRate);
  /// Forgets the baselines that were not looked at since `time`: devices that have gone.
  void forgetOlderThan(SteadyTime time);

 private:
  struct Baseline {
    std::uint64_t value;
    SteadyTime at;
  };
  std::unordered_map<std::string, Baseline> baselines_;
};

}  // namespace edge_agent
