#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "support/progress.hpp"

namespace bench {

/// What was done in a stretch of work.
struct Round {
  std::uint64_t operations = 0;
  double seconds = 0;
};

/// One of several things that are compared. `round` works for so long.
struct Contender {
  std::string name;
  std::function<Round(std::chrono::nanoseconds duration)> round;
};

struct RoundPlan {
  int rounds = 15;
  std::chrono::nanoseconds roundTime = std::chrono::milliseconds{250};
};

/// What one contender reached, in the order of the rounds.
struct Series {
  std::string name;
  std::vector<double> perSecond;
  /// Operations for each second of processor time that the process used, on all threads: what other programs take
  /// away does not count, nor what is waited for.
  std::vector<double> perCpuSecond;
};

/// Lets the contenders work in turns, A B C B C A C A B ..., so that whatever disturbs the machine disturbs all of
/// them alike; a first round that does not count warms up.
std::vector<Series> runRounds(const std::vector<Contender>& contenders, const RoundPlan& plan, const std::string& title,
                              Progress& progress);

/// Repeats `operation` for `duration`, looking at the clock every `batch` times.
template <typename F>
Round repeat(std::chrono::nanoseconds duration, int batch, F&& operation) {
  using SteadyClock = std::chrono::steady_clock;
  const auto start = SteadyClock::now();
  const auto deadline = start + duration;
  std::uint64_t done = 0;
  auto now = start;
  while (now < deadline) {
    for (int i = 0; i < batch; ++i) operation();
    done += static_cast<std::uint64_t>(batch);
    now = SteadyClock::now();
  }
  return {done, std::chrono::duration<double>(now - start).count()};
}

/// Keeps the compiler from leaving out what computes `value`.
template <typename T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

}  // namespace bench
