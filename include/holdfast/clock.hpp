#pragma once

#include <chrono>

namespace holdfast {

/// Milliseconds since 1970-01-01T00:00Z. Data only: no decision of the library depends on it.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// The time of day, for data. It counts on after 2038 on 32-bit systems, too, where std::chrono::system_clock may not: that
/// is part of a C++ library that is often compiled with a time of 32 bits.
Timestamp wallTime() noexcept;

/// The steady time that ages, idle times and leases are measured on. Replaceable, so that tests advance time
/// instead of sleeping. Implementations must be callable from any thread and never go backwards.
class Clock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  virtual ~Clock() = default;
  /// A reading that may lag by one kernel tick (1 to 10 ms) and costs a few nanoseconds.
  virtual TimePoint now() const noexcept = 0;
};

/// The operating system's steady clock (CLOCK_MONOTONIC_COARSE on Linux). Shared by the whole process.
const Clock& systemClock() noexcept;

}  // namespace holdfast
