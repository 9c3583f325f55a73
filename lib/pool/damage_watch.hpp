#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include <holdfast/clock.hpp>
#include <holdfast/recovery.hpp>

#include "core/port/mutex.hpp"
#include "core/steady_clock.hpp"

namespace holdfast {

/// Damage that calls have met since open(): whether it is to be looked into, and what has come of it. Any thread.
///
///   None --suspect()--> Suspected --takeDue()--> Looking --clear()--> None
///                            ^                      |---postpone()--> Suspected, after a pause
///                            |                      |---leaveAlone()-> LeftAlone, until the database is opened anew
class DamageWatch {
 public:
  /// Begins anew. Pauses begin with `firstPause`, and double.
  void start(Clock::Duration firstPause);
  /// A call has met damage, at `now`.
  void suspect(Clock::TimePoint now) noexcept;
  /// Whether somebody is to look into it, now or later, ...
  bool isSuspected() const noexcept { return stage_.load(std::memory_order_relaxed) == Stage::Suspected; }
  /// ... now.
  bool isDue(Clock::TimePoint now) const noexcept;
  /// True for one caller once it is due.
  bool takeDue(Clock::TimePoint now) noexcept;
  /// The file is sound, as a look has found that took so long: as long there is no other one.
  void clear(Clock::TimePoint now, Clock::Duration took) noexcept;
  /// Nothing could be found out, or be done now.
  void postpone(Clock::TimePoint now) noexcept;
  /// Nothing more is tried: what can be read is read.
  void leaveAlone() noexcept;
  bool isLeftAlone() const noexcept { return stage_.load(std::memory_order_relaxed) == Stage::LeftAlone; }
  /// When the damage that is being looked into was met.
  SteadyTime metAt() const noexcept;

  /// What was done about damage, by open() or since.
  void note(const RecoveryReport& report);
  std::optional<RecoveryReport> lastRecovery() const;

 private:
  enum class Stage : std::uint8_t { None, Suspected, Looking, LeftAlone };

  std::atomic<Stage> stage_{Stage::None};  // Changed under the lock.
  mutable port::Mutex mutex_;
  Clock::Duration firstPause_ HOLDFAST_GUARDED_BY(mutex_){};
  Clock::Duration pause_ HOLDFAST_GUARDED_BY(mutex_){};
  Clock::TimePoint dueAt_ HOLDFAST_GUARDED_BY(mutex_){};
  SteadyTime metAt_ HOLDFAST_GUARDED_BY(mutex_){};
  std::optional<RecoveryReport> last_ HOLDFAST_GUARDED_BY(mutex_);
};

}  // namespace holdfast
