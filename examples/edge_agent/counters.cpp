#include "counters.hpp"

#include <algorithm>

namespace edge_agent {
namespace {

constexpr std::uint64_t kWrapAt = std::uint64_t{1} << 32;
// Over long intervals every increase is plausible; half the range is what an unlucky reset rarely looks like.
constexpr double kLargestWrap = static_cast<double>(kWrapAt / 2);

}  // namespace

CounterChange judgeCounter(std::uint64_t before, std::uint64_t after, double seconds, double plausibleRate) noexcept {
  if (after >= before) return {CounterStep::Forward, after - before};
  if (before >= kWrapAt) return {CounterStep::Reset, 0};
  const std::uint64_t increase = kWrapAt - before + after;
  if (static_cast<double>(increase) > std::min(plausibleRate * seconds, kLargestWrap)) return {CounterStep::Reset, 0};
  return {CounterStep::Wrapped, increase};
}

CounterRates::Rate CounterRates::rate(const std::string& name, std::uint64_t value, SteadyTime at,
                                      double plausibleRate) {
  const auto [entry, isNew] = baselines_.try_emplace(name, Baseline{value, at});
  const Baseline before = entry->second;
  const double seconds = std::chrono::duration<double>(at - before.at).count();
  if (isNew || seconds <= 0) return {};

  entry->second = {value, at};
  const CounterChange change = judgeCounter(before.value, value, seconds, plausibleRate);
  Rate rate{.perSecond = std::nullopt, .step = change.step, .before = before.value};
  if (change.step != CounterStep::Reset) rate.perSecond = static_cast<double>(change.increase) / seconds;
  return rate;
}

void CounterRates::forgetOlderThan(SteadyTime time) {
  std::erase_if(baselines_, [time](const auto& entry) { return entry.second.at < time; });
}

}  // namespace edge_agent
