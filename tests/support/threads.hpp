#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

namespace holdfast::test {

/// How long anything may take that happens at once on an idle machine. Never waited out where a test passes.
inline constexpr std::chrono::seconds kPatience{60};

/// Whether `condition()` became true within the time. Polls without sleeping.
template <typename F>
bool eventually(F&& condition, std::chrono::milliseconds patience = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// Ends the process where its scope is not left in time: a deadlock becomes a failed test.
class Watchdog {
 public:
  explicit Watchdog(const char* what, std::chrono::seconds patience = 3 * kPatience)
      : thread_([this, what, patience] {
          std::unique_lock lock(mutex_);
          if (condition_.wait_for(lock, patience, [this] { return done_; })) return;
          std::fprintf(stderr, "watchdog: %s\n", what);
          std::fflush(stderr);
          std::_Exit(70);
        }) {}
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    condition_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool done_ = false;
  std::thread thread_;
};

/// Holds threads back until it is opened.
class Gate {
 public:
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    condition_.notify_all();
  }
  /// False where it stayed shut for so long that something must be wrong.
  bool pass(std::chrono::milliseconds patience = 2 * kPatience) {
    std::unique_lock lock(mutex_);
    return condition_.wait_for(lock, patience, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool open_ = false;
};

}  // namespace holdfast::test
