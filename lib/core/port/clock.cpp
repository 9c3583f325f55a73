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

std::chrono::sys_time<std::chrono::milliseconds> wallNow() noexcept {
  using std::chrono::milliseconds;
#if defined(CLOCK_REALTIME)
  // Not system_clock: on 32-bit systems the C++ library is often one that was compiled with a time of 32 bits.
  std::timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::sys_time<milliseconds>(std::chrono::seconds(now.tv_sec) + milliseconds(now.tv_nsec / 1'000'000));
#else
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
#endif
}

}  // namespace holdfast::port
