#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <holdfast/clock.hpp>
#include <holdfast/connection.hpp>
#include <holdfast/error.hpp>
#include <holdfast/report.hpp>
#include <holdfast/storage_state.hpp>

#include "core/port/mutex.hpp"
#include "core/port/storage.hpp"
#include "policy/storage_states.hpp"

namespace holdfast {

/// Knows what the storage of one pool allows, refuses writes that it does not allow, and finds out by itself when they
/// are possible again. The state may be asked and noted from any thread; the rest is the write handle's holder's.
class StorageKeeper {
 public:
  /// Told of each change on the thread that found it out, under no lock. Must not throw.
  using Listener = std::function<void(StorageState now, StorageState before, const std::string& why)>;
  /// Before anything else.
  void listen(Listener listener) { listener_ = std::move(listener); }

  /// Begins anew, and lays the ballast out. Returns what is to be warned of, or nothing.
  std::string start(const std::string& path, const StorageLimits& limits);

  StorageState state() const noexcept { return state_.load(std::memory_order_relaxed); }
  /// Why it is not Ok.
  std::string reason() const;
  std::uint64_t refusals() const noexcept { return refusals_.load(std::memory_order_relaxed); }
  /// Of the database and its log, and free on the file system, as of now. -1: unknown.
  port::StorageSpace space() const noexcept { return port::storageSpace(path_.c_str()); }

  /// Before a write begins, outside of a transaction. `mayUseReserve`: for work that makes room. Throws Error:
  /// CannotOpen, ReadOnly, StorageFull, Corrupt; Busy where the handle has to be opened anew, which it is marked for.
  void admit(Connection& writer, bool mayUseReserve);

  /// What a call on the handle met since it was asked last.
  void noteTrouble(Connection& connection) noexcept;
  /// An error of opening a handle.
  void note(const Error& error) noexcept;
  /// A commit of this handle has reached the medium.
  void noteWritten() noexcept;
  /// Damage is there no more, for that reason.
  void noteRepaired(const std::string& why) noexcept;

  /// A round of housekeeping: looks, proves by a write of one page that what calls have met is over, lays the ballast
  /// out again. Marks the handle broken where that breaks it.
  void review(Connection& writer, Clock::TimePoint now) noexcept;

  /// Whether no commit is known for so long, or only a write can tell that what was met is over. Takes down what the handle has committed until now.
  bool isProofDue(Connection& writer, Clock::TimePoint now, std::chrono::milliseconds interval) noexcept;
  /// Fills in what is known of the storage. Any thread.
  void describe(HealthReport& report, Clock::TimePoint now) const;

 private:
  void admitSlowly(Connection& writer, bool mayUseReserve);
  /// What is free is asked for once a millisecond.
  bool isSpaceDue() const noexcept {
    return limited_ && std::chrono::steady_clock::now() - spaceLookedAt_ >= std::chrono::milliseconds{1};
  }
  StorageFacts look(Connection& writer);
  /// What the database itself can give, where the look alone finds no room.
  void findRoom(Connection& writer, StorageFacts& facts);
  [[noreturn]] void refuse(Connection& writer, const StorageFacts& facts, StorageState seen);
  void prove(Connection& writer, const StorageFacts& facts) noexcept;
  void keepBallast(const StorageFacts& facts) noexcept;
  template <typename Change>
  void change(Change apply, const std::string& why) noexcept;
  std::string shortageText(const StorageFacts& facts) const;

  Listener listener_;
  std::string path_;
  std::string ballastPath_;
  bool askedToReopen_ = false;
  std::chrono::steady_clock::time_point spaceLookedAt_{};
  bool limited_ = false;
  std::uint64_t provenBy_ = 0;       // The handle that committed last, ...
  std::uint64_t provenCommits_ = 0;  // ... and what it had logged by then.
  std::atomic<bool> ballastGivenUp_{false};
  std::atomic<StorageState> state_{StorageState::Ok};
  std::atomic<std::uint64_t> refusals_{0};
  mutable port::Mutex mutex_;
  StorageStates states_ HOLDFAST_GUARDED_BY(mutex_);
  std::string reason_ HOLDFAST_GUARDED_BY(mutex_);
  std::optional<Clock::TimePoint> provenAt_ HOLDFAST_GUARDED_BY(mutex_);
  std::int64_t usedBytes_ HOLDFAST_GUARDED_BY(mutex_) = 0;
};

}  // namespace holdfast
