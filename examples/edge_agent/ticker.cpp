#include "ticker.hpp"

namespace edge_agent {

bool Ticker::wait(const std::stop_token& stop) {
  {
    std::unique_lock lock(mutex_);
    condition_.wait_until(lock, stop, next_, [] { return false; });  // Only the time or a stop ends it.
  }
  if (stop.stop_requested()) return false;
  next_ += interval_;
  const auto late = std::chrono::steady_clock::now() - next_;
  if (late > std::chrono::steady_clock::duration::zero()) {
    const auto skipped = late / interval_ + 1;
    missed_ += static_cast<std::uint64_t>(skipped);
    next_ += skipped * interval_;
  }
  return true;
}

}  // namespace edge_agent
