#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <holdfast/stop_token.hpp>

#include "core/port/mutex.hpp"

namespace holdfast {

/// The statements that need much memory while they run: which they are, and how many of them run at a time, in the
/// whole process, as SQLite's heap is.
///
/// A statement is known by what it did: it sorted or made an index for a join in many steps, or SQLite had no memory
/// for it. It is forgotten again after kRuns runs, and noticed anew where it still is one. Where many run at once each
/// of them collects a sort of its own, and together they take the heap from everybody: they wait for each other here
/// instead. That they do is no promise: who holds what others wait for goes ahead, and so does who has waited for long.
///
/// Lock order: after none; under the lock only SQLite's own heap counters are read.
class HeavyStatements {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static HeavyStatements& instance() noexcept;

  /// So many run at a time; 0: as many as like, and nothing is noticed. `began` is called when one begins after a time
  /// without.
  void setWidth(std::size_t width, void (*began)() noexcept) noexcept;
  static bool areBounded() noexcept { return width_.load(std::memory_order_relaxed) != 0; }
  /// Whether the statement with this text is known as one.
  static bool contains(std::uint64_t textHash) noexcept {
    return areBounded() && known_[textHash % kKnown].load(std::memory_order_relaxed) == textHash;
  }
  static void learn(std::uint64_t textHash) noexcept;

  /// The leave to run one, until it goes.
  class Permit {
   public:
    Permit() noexcept = default;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() { leave(); }
    /// Waits for its turn, until `deadline` or a stop is requested: then it goes ahead all the same. Does not wait
    /// where this thread has leave already. With a deadline in the past it never waits.
    void enter(std::uint64_t textHash, Time deadline, const StopToken& cancel = {});
    void leave() noexcept;

   private:
    bool entered_ = false;
  };

  /// Whether one ran since calmDown() was called last but one.
  static bool lately() noexcept { return lately_.load(std::memory_order_relaxed); }
  /// By housekeeping. True where there have been some, and there are none any more.
  bool calmDown() noexcept;
  /// Changes when one begins after a time without: the moment for all handles to give back what they can spare.
  static std::uint32_t epoch() noexcept { return epoch_.load(std::memory_order_relaxed); }

  struct Figures {
    std::size_t width = 0;
    std::size_t running = 0;
    std::uint64_t entered = 0;  ///< So far.
    std::uint64_t waited = 0;   ///< Of these, the ones that had to wait.
  };
  Figures figures() const;

 private:
  static constexpr std::size_t kKnown = 256;
  static constexpr std::uint32_t kRuns = 64;

  static void spend(std::uint64_t textHash) noexcept;

  inline static constinit std::atomic<std::size_t> width_{0};
  inline static constinit std::atomic<bool> lately_{false};
  inline static constinit std::atomic<std::uint32_t> epoch_{0};
  inline static constinit std::array<std::atomic<std::uint64_t>, kKnown> known_{};
  inline static constinit std::array<std::atomic<std::uint32_t>, kKnown> runsLeft_{};

  mutable port::Mutex mutex_;
  port::Condition changed_;
  void (*began_)() noexcept HOLDFAST_GUARDED_BY(mutex_) = nullptr;
  std::size_t running_ HOLDFAST_GUARDED_BY(mutex_) = 0;
  std::uint64_t entered_ HOLDFAST_GUARDED_BY(mutex_) = 0;
  std::uint64_t waited_ HOLDFAST_GUARDED_BY(mutex_) = 0;
  std::uint64_t enteredBefore_ HOLDFAST_GUARDED_BY(mutex_) = 0;
};

}  // namespace holdfast
