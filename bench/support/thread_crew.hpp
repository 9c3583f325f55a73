#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "support/rounds.hpp"

namespace bench {

/// Threads that stay, so that what a thread opened in one round is its own in the next.
class ThreadCrew {
 public:
  /// Works until `stop` is set and gives the number of operations.
  using Work = std::function<std::uint64_t(std::size_t thread, const std::atomic<bool>& stop)>;

  explicit ThreadCrew(std::size_t threads);
  ~ThreadCrew();
  ThreadCrew(const ThreadCrew&) = delete;
  ThreadCrew& operator=(const ThreadCrew&) = delete;

  /// All threads work for `duration`; gives what they did together. Throws what a thread threw.
  Round run(std::chrono::nanoseconds duration, const Work& work);

 private:
  void loop(std::size_t thread);
  void waitUntilIdle(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t round_ = 0;
  std::size_t busy_ = 0;
  bool ended_ = false;
  const Work* work_ = nullptr;
  std::uint64_t operations_ = 0;
  std::exception_ptr error_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace bench
