#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace edge_agent {

/// Beats at a fixed interval on the steady clock. A beat that came too late does not shift the ones after it; beats
/// that were missed altogether are counted and left out. Used by one thread.
class Ticker {
 public:
  explicit Ticker(std::chrono::milliseconds interval) : interval_(interval), next_(std::chrono::steady_clock::now()) {}

  /// Waits for the next beat, the first one being at once. False as soon as a stop is requested.
  bool wait(const std::stop_token& stop);
  std::uint64_t missed() const noexcept { return missed_; }

 private:
  std::chrono::steady_clock::duration interval_;
  std::chrono::steady_clock::time_point next_;
  std::uint64_t missed_ = 0;
  std::mutex mutex_;
  std::condition_variable_any condition_;
};

}  // namespace edge_agent
