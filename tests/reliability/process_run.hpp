#pragma once

#include <chrono>
#include <cstdint>

namespace holdfast::test {

struct ProcessReport {
  int processes = 0;
  int threads = 0;                    ///< In each.
  std::int64_t acknowledged = 0;      ///< Increments that returned.
  std::int64_t found = 0;             ///< What the counters add up to in the end.
  std::int64_t refused = 0;           ///< Increments that were refused for contention, after all retries.
  int ended = 0;                      ///< Processes that ended of an error or a signal.
  bool sound = false;                 ///< integrity_check.
  double longestMilliseconds = 0;     ///< The longest that a transaction took, whoever it waited for.
  double longestOwnMilliseconds = 0;  ///< The longest that a thread waited for its own process's write handle.

  bool ok() const noexcept { return acknowledged == found && acknowledged > 0 && ended == 0 && sound; }
};

/// Several processes with several threads each read, add one and write back, for so long. No update may be lost. The
/// calling process must have no threads.
ProcessReport runProcesses(int processes, int threads, std::chrono::milliseconds time);

}  // namespace holdfast::test
