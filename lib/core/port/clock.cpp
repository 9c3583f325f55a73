#include "core/port/clock.hpp"

#include <ctime>

namespace holdfast::port {

std::chrono::steady_clock::time_point coarseSteadyNow() noexcept {
#if defined(CLOCK_MONOTONIC_COARSE)
  std::timespec now{};
  if (::clock_gettime(CLOCK_MONOTONIC_COARSE, &now) == 0) {
    // steady_clock counts CLOCK_MONOTONIC from the same zero.
    return std::chrono::steady_clock::time_point(std::chrono::seconds(now.tv_sec) +
                                                 std::chrono::nanoseconds(now.tv_nsec));
  }
#endif
  return std::chrono::steady_clock::now();
}

}  // namespace holdfast::port
