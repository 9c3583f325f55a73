#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace holdfast::testing {

/// Ends the process where a point takes too long, after its id has been written to standard error and the directory with
/// its files has been removed.
class TimeLimit {
 public:
  /// Zero: no limit, and no thread.
  TimeLimit(std::chrono::milliseconds limit, std::string directory);
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
  ~TimeLimit();

  void begin(const std::string& point);
  void end();

  static constexpr int kExitCode = 70;

 private:
  void watch();

  std::chrono::milliseconds limit_;
  std::string directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string point_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace holdfast::testing
