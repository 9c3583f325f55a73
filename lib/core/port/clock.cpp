#include "core/port/clock.hpp"

#include <ctime>

namespace holdfast::port {

std::chrono::steady_clock::time_point coarseSteadyNow() noexcept {
#if defined(CLOCK_MONOTONIC_COARSE)
  std::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);  // Fails only for a clock that the system does not know.
  // steady_clock counts CLOCK_MONOTONIC from the same zero.
  return std::chrono::steady_clock::time_point(std::chrono::seconds(now.tv_sec) +
                                               std::chrono::nanoseconds(now.tv_nsec));
#else
  return std::chrono::steady_clock::now();
#endif
}

}  // namespace holdfast::port
