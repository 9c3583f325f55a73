#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace bench {

/// What a stretch of the mixed load on bare handles gave.
struct BareSlice {
  double seconds = 0;
  std::uint64_t completed = 0;
  std::uint64_t errors = 0;
  std::uint64_t memoryRefusals = 0;  ///< Of the errors, SQLITE_NOMEM.
  std::int64_t heapPeakBytes = 0;
  std::int64_t p50Nanoseconds = 0;
  std::int64_t p99Nanoseconds = 0;
};

struct BareRequest {
  std::int64_t milliseconds = 0;
  std::int64_t rows = 0;
  std::int64_t threads = 0;
  std::int64_t hardHeapLimit = 0;  ///< 0: none.
};

/// A process that does the mixed load on bare SQLite: one handle for each thread with SQLite's default cache. A process
/// of its own, because SQLite's heap and its limits are the process's. Make it before the first thread.
class BareChild {
 public:
  explicit BareChild(const std::string& database);
  ~BareChild();
  BareChild(const BareChild&) = delete;
  BareChild& operator=(const BareChild&) = delete;

  /// Opens fresh handles, works, closes them. Throws std::runtime_error where the child is gone.
  BareSlice run(const BareRequest& request);

 private:
  int socket_ = -1;
  pid_t child_ = -1;
};

}  // namespace bench
