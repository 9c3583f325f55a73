#pragma once

#include <algorithm>
#include <chrono>

namespace holdfast {

/// What deadlines and waits go by: it never jumps.
using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

/// Until then, and never less than zero.
inline std::chrono::milliseconds timeLeft(SteadyTime deadline) {
  const auto left = deadline - SteadyClock::now();
  return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(left), std::chrono::milliseconds{0});
}

}  // namespace holdfast
