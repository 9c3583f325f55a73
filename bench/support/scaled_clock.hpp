#pragma once

#include <holdfast/clock.hpp>

namespace bench {

/// The system's clock, so many times as fast from when it was made: what a pool does by the hour it does in seconds,
/// while the load around it runs in real time.
class ScaledClock final : public holdfast::Clock {
 public:
  explicit ScaledClock(int factor) noexcept : factor_(factor), start_(holdfast::systemClock().now()) {}
  TimePoint now() const noexcept override { return start_ + (holdfast::systemClock().now() - start_) * factor_; }
  Duration elapsed() const noexcept { return now() - start_; }

 private:
  int factor_;
  TimePoint start_;
};

}  // namespace bench
