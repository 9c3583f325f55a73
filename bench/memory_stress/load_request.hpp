#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "memory_stress/database.hpp"
#include "memory_stress/worker.hpp"
#include "support/fork_server.hpp"

namespace bench {

/// What a load in a process of its own runs on.
enum class Side : std::uint8_t {
  Pool,    ///< The mixed load through a pool.
  Bare,    ///< The same on one bare handle for each thread.
  Single,  ///< Each kind of operation a few times on one bare handle with SQLite's defaults, on one thread.
  Tuned,   ///< The same on a handle for little memory: a quarter of the limit as cache, sorts that spill at 64 KiB.
  Faults,  ///< Operations through a pool while allocations fail at random.
};

struct LoadRequest {
  Side side = Side::Pool;
  std::string database;
  std::int64_t rows = 0;
  std::int64_t largeRows = 0;
  std::int64_t milliseconds = 0;
  std::size_t threads = 1;
  std::size_t handles = 1;
  std::int64_t limit = 0;  ///< The pool's memoryLimit; SQLite's hard heap limit for bare handles. 0: none.
  std::uint64_t seed = 0;
};

/// What came of it.
struct LoadResult {
  double seconds = 0;
  std::uint64_t completed = 0;
  std::uint64_t refused = 0;  ///< For want of memory.
  std::uint64_t allowedRefusals = 0;
  std::uint64_t otherErrors = 0;
  std::uint64_t uncertainWrites = 0;
  std::int64_t heapPeakBytes = 0;
  std::int64_t p50Nanoseconds = 0;
  std::int64_t p99Nanoseconds = 0;
  std::vector<std::uint64_t> completedOf;  ///< By Kind.
  std::vector<std::uint64_t> refusedOf;
  std::map<std::string, std::uint64_t> errors;
  std::string firstError;  ///< But for want of memory.
  std::string firstRefusal;
  // Of Side::Faults.
  std::uint64_t sqliteFailures = 0;
  std::uint64_t cppFailures = 0;
  std::uint64_t allocations = 0;  ///< That could have failed.
  std::int64_t heapLeftBytes = 0;
  std::int64_t blocksLeft = 0;  ///< By operator new.
  /// How its process ended where it gave no result: by which signal, and so on.
  std::string failure;

  double perSecond() const { return seconds == 0 ? 0 : static_cast<double>(completed) / seconds; }
};

/// For ForkServer: does what the request asks for.
std::string runLoadRequest(std::string_view request);

/// Has it done. Never throws for what happens there; see LoadResult::failure.
LoadResult runLoad(ForkServer& server, const LoadRequest& request);

/// The loads behind it.
LoadResult runPoolLoad(const LoadRequest& request);
LoadResult runBareLoad(const LoadRequest& request);
LoadResult runSingleTrial(const LoadRequest& request);
LoadResult runTunedTrial(const LoadRequest& request);
LoadResult runFaultLoad(const LoadRequest& request);

LoadResult toResult(const Tally& tally, double seconds);

}  // namespace bench
