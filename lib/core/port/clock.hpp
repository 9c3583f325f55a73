#pragma once

#include <chrono>

namespace holdfast::port {

/// The steady clock as of the last kernel tick: on the time line of std::chrono::steady_clock, up to 10 ms behind it.
std::chrono::steady_clock::time_point coarseSteadyNow() noexcept;

/// Milliseconds since 1970, also after 2038.
std::chrono::sys_time<std::chrono::milliseconds> wallNow() noexcept;

}  // namespace holdfast::port
