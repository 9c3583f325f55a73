#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/connection_pool.hpp>

#include "memory_stress/team.hpp"
#include "support/progress.hpp"

namespace bench {

/// The process at one moment.
struct Sample {
  double seconds = 0;  ///< Since the monitor was made.
  std::size_t scenario = 0;
  std::int64_t heapBytes = 0;      ///< sqlite3_status64: what SQLite holds now, ...
  std::int64_t heapPeakBytes = 0;  ///< ... and held at most since the scenario began.
  std::int64_t residentBytes = 0;
  std::int64_t logBytes = 0;    ///< The write-ahead log.
  std::int64_t cacheBytes = 0;  ///< What caches of repositories hold.
  int descriptors = 0;
  int temporaryFiles = 0;  ///< Files without a name, which SQLite sorts in.
  int threads = 0;
  int handles = 0;                                              ///< Open in the pool that is watched.
  holdfast::MemoryStage stage = holdfast::MemoryStage::Normal;  ///< Of that pool.
  double operationsPerSecond = 0;
  /// Taken while all threads of the load worked, so that their number should not change.
  bool steady = false;
};

/// Looks at the process ten times a second, on a thread of its own, from outside of the library. Shows what it sees.
/// Its memory is allocated and touched at the start, so that it does not show up in what it measures.
class Monitor final : public TeamObserver {
 public:
  /// Keeps as many samples of the next `room` as fit into a fixed number, evenly spread, and none after that.
  Monitor(std::string database, std::int64_t limit, std::chrono::milliseconds room, bool quiet);
  ~Monitor();

  /// Names what follows and starts its heap peak afresh.
  void begin(const std::string& scenario);
  /// Samples tell of this pool, too. Null: of none.
  void watch(std::shared_ptr<const holdfast::ConnectionPool> pool);
  void started(std::span<const std::unique_ptr<Worker>> workers) override;
  void stopping() override;
  void stopped() override;
  /// Shown instead of figures, for what happens between scenarios.
  void announce(const std::string& what);
  /// Looks once more and stops looking. Later calls of the others do nothing.
  void finish();

  /// The process now.
  Sample lookNow() const;
  /// Of the scenario that was begun last. Call while no team runs.
  std::vector<Sample> scenarioSamples() const;
  std::vector<Sample> samples() const;
  /// SQLite's heap at its highest since the scenario that was begun last, ...
  std::int64_t scenarioHeapPeakBytes() const;
  /// ... and since the monitor was made.
  std::int64_t heapPeakBytes() const;

 private:
  void loop();
  void takeSample();
  void keep(const Sample& sample);
  Sample look() const;
  void show(const Sample& sample);
  void watchProgress(const Sample& sample, std::uint64_t operations);

  const std::string database_;
  const std::int64_t limit_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool finished_ = false;
  std::vector<Sample> samples_;
  std::size_t used_ = 0;
  std::size_t looks_ = 0;
  std::size_t stride_;
  std::size_t scenario_ = 0;
  std::string scenarioName_;
  std::shared_ptr<const holdfast::ConnectionPool> pool_;
  std::span<const std::unique_ptr<Worker>> workers_;
  bool steady_ = false;
  std::uint64_t lastOperations_ = 0;
  double lastSeconds_ = 0;
  double lastProgress_ = 0;
  std::int64_t peakBefore_ = 0;
  Progress progress_;
  std::thread thread_;
};

}  // namespace bench
