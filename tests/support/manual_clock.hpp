#pragma once

#include <atomic>
#include <chrono>

#include <holdfast/clock.hpp>

namespace holdfast::test {

/// A clock that stands still until it is told to go on. Any thread may read and advance it.
class ManualClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return TimePoint(Duration(ticks_.load())); }
  void advance(Duration duration) noexcept { ticks_.fetch_add(duration.count()); }

 private:
  // Not zero: code that takes zero for "never" shall be found out by it, and looking back is possible.
  std::atomic<Duration::rep> ticks_{Duration(std::chrono::hours{24}).count()};
};

}  // namespace holdfast::test
