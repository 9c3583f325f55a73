#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>

namespace bench {

/// What became of work in a process of its own.
struct ForkOutcome {
  bool completed = false;
  std::string answer;   ///< What the work returned, where it completed; ...
  std::string failure;  ///< ... else how it ended: by which signal, with which exit code, or not in time.
};

/// Runs work in processes of their own, one fresh process for each request: memory, limits and what a fault leaves
/// behind are the process's, and a crash ends nothing but the work. Make it before the first thread: the processes are
/// forked from the one that is forked then. Used by one thread at a time.
class ForkServer {
 public:
  /// An exception out of it is a failure with the exception's text.
  using Work = std::string (*)(std::string_view request);

  /// Throws std::runtime_error where there is no process to be had.
  explicit ForkServer(Work work);
  ~ForkServer();
  ForkServer(const ForkServer&) = delete;
  ForkServer& operator=(const ForkServer&) = delete;

  /// Blocks until the work has ended; it is killed after `patience`. Throws std::runtime_error where the server has
  /// ended.
  ForkOutcome run(std::string_view request, std::chrono::milliseconds patience);

 private:
  int socket_ = -1;
  pid_t server_ = -1;
};

}  // namespace bench
