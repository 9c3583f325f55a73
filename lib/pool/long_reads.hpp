#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <holdfast/stop_token.hpp>

#include "connection/connection_impl.hpp"
#include "core/port/mutex.hpp"
#include "core/port/thread.hpp"
#include "core/steady_clock.hpp"

namespace holdfast {

/// What reads the whole database on a handle of its own, beside those of the pool: backups and checks. close() asks it to
/// stop and waits; a writer whose log cannot be begun anew because of it revokes its snapshot, as it does with leases.
///
/// Any thread. No lock of the pool's is taken inside, and it calls nothing but SQLite's interrupt.
class LongReads {
 public:
  enum class Kind : std::uint8_t { Backup, Check };
  /// A reading for as long as it lives.
  class Turn {
   public:
    /// Throws Error: PoolClosed; Busy where it is a backup beside another one.
    Turn(LongReads& all, Kind kind);
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();

    /// From now on, until the next call, that handle holds a snapshot (null: none does).
    void holdsSnapshot(Connection::Impl* handle) noexcept;
    /// Asked to stop by close().
    StopToken stop() const noexcept { return stop_; }
    /// Returns at `until`, or when it is asked to stop.
    void rest(SteadyTime until);

   private:
    friend class LongReads;
    LongReads& all_;
    const Kind kind_;
    const std::uint64_t thread_ = port::currentThreadId();
    StopToken stop_;
    Connection::Impl* handle_ = nullptr;
    SteadyTime since_{};
    Turn* next_ = nullptr;
  };

  void open();
  /// Ends them all and lets none begin. Returns when none is left. Not on a thread that is in one.
  void close() noexcept;
  /// Whether the calling thread is in one, or the one that makes them by schedule.
  bool isCurrentThread() noexcept;
  /// Revokes the snapshots that are held for longer than `budget`. Returns who holds one, for people.
  std::string endOld(std::chrono::milliseconds budget);

  // By schedule. What it does is run on a thread of its own.
  void schedule(SteadyTime due);
  /// True for one caller once `now` is `due`; it is not due again before the next schedule().
  bool takeDue(SteadyTime now) noexcept;
  void runInBackground(std::function<void()> body);
  /// Waits for that thread.
  void join() noexcept;

 private:
  port::Mutex mutex_;
  port::Condition changed_;
  bool open_ HOLDFAST_GUARDED_BY(mutex_) = false;
  std::optional<StopSource> stop_ HOLDFAST_GUARDED_BY(mutex_);
  Turn* first_ HOLDFAST_GUARDED_BY(mutex_) = nullptr;
  std::optional<SteadyTime> due_ HOLDFAST_GUARDED_BY(mutex_);
  port::Thread thread_ HOLDFAST_GUARDED_BY(mutex_);
};

}  // namespace holdfast
