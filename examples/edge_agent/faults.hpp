#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace edge_agent {

/// What went wrong while the agent ran. Says so on standard error, for each place at most every five seconds, and
/// decides whether going on makes sense. Any thread.
class Faults {
 public:
  /// Ends the agent unless error.recovery() says that it passes: contention, load, memory or space that comes back.
  void note(std::string_view place, const std::exception& error);
  /// Whether the agent should end.
  bool fatal() const noexcept { return fatal_.load(std::memory_order_relaxed); }
  std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  std::mutex mutex_;
  std::map<std::string, std::chrono::steady_clock::time_point, std::less<>> said_;
  std::atomic<bool> fatal_{false};
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace edge_agent
