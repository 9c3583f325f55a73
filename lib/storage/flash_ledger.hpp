#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <holdfast/clock.hpp>
#include <holdfast/flash_report.hpp>

#include "connection/counting_vfs.hpp"
#include "core/port/mutex.hpp"
#include "policy/flash_days.hpp"

namespace holdfast {

struct FlashLimits {
  std::int64_t endurance = 0;
  std::int64_t dailyBudget = 0;
  bool keep = false;     ///< In a file beside the database.
  bool careful = false;  ///< A write is not taken for one that leaves what lies beside it alone.
};

/// Counts what a pool writes, and keeps the account in a file of two pages beside the database that are written in turn:
/// a power cut in the middle of one leaves the other. It is written when the pool closes, and by housekeeping when a day
/// is over or 4 MiB have been written since: a page for a thousand. Those 4 MiB are what a power cut may leave out.
class FlashLedger {
 public:
  static constexpr std::uint64_t kBytesBetweenRecords = 4U << 20;
  /// Where nothing was written closing takes the running time down only after so long.
  static constexpr std::chrono::hours kTimeBetweenRecords{1};

  /// Begins a new account, or goes on with the one beside the database. The layer below is the default one of now. Throws
  /// Error{MemoryLimit}.
  void start(const std::string& databasePath, const FlashLimits& limits, Clock::TimePoint now);
  /// What handles are to be opened with. Null before start().
  const std::shared_ptr<CountingVfs>& vfs() const noexcept { return vfs_; }
  /// A round of housekeeping. Whether the budget of the present day has been passed since the last call.
  bool review(Clock::TimePoint now) noexcept;
  /// The pool closes.
  void stop(Clock::TimePoint now) noexcept;
  FlashReport report(Clock::TimePoint now);

 private:
  void load() HOLDFAST_REQUIRES(mutex_);
  void takeDown(Clock::TimePoint now) noexcept HOLDFAST_REQUIRES(mutex_);
  void save() noexcept HOLDFAST_REQUIRES(mutex_);

  std::shared_ptr<CountingVfs> vfs_;
  port::Mutex mutex_;
  FlashLimits limits_ HOLDFAST_GUARDED_BY(mutex_);
  std::string path_ HOLDFAST_GUARDED_BY(mutex_);
  FlashDays days_ HOLDFAST_GUARDED_BY(mutex_);
  FlashFiles seen_ HOLDFAST_GUARDED_BY(mutex_);
  Clock::TimePoint seenAt_ HOLDFAST_GUARDED_BY(mutex_){};
  std::uint64_t record_ HOLDFAST_GUARDED_BY(mutex_) = 0;
  std::uint64_t savedBytes_ HOLDFAST_GUARDED_BY(mutex_) = 0;
  Clock::TimePoint savedAt_ HOLDFAST_GUARDED_BY(mutex_){};
  std::uint64_t savedDay_ HOLDFAST_GUARDED_BY(mutex_) = 0;
  std::uint64_t alertedDay_ HOLDFAST_GUARDED_BY(mutex_) = 0;
  int error_ HOLDFAST_GUARDED_BY(mutex_) = 0;
  bool running_ HOLDFAST_GUARDED_BY(mutex_) = false;
};

}  // namespace holdfast
