#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <holdfast/transaction.hpp>

#include "core/port/parker.hpp"
#include "pool/slot_table.hpp"

namespace holdfast {

/// One thread that waits for a handle. Lives on that thread's stack; linked while it waits. Guarded by the pool's lock,
/// but for `granted`, which the thread looks at without it.
struct Waiter {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  Holder holder;
  Priority priority = Priority::Telemetry;
  bool mayJoin = false;                     ///< The open transaction of a group can be handed over to it.
  bool rejected = false;                    ///< The pool closes.
  bool nested = false;                      ///< Its thread holds a lease of the pool already.
  std::atomic<std::size_t> granted{kNone};  ///< The slot that was handed over. The waiter may be gone once it is set.
  port::Parker* thread = nullptr;           ///< To be told of any of these.
  Waiter* next = nullptr;
  Waiter* previous = nullptr;
};

/// Waiters by priority, and within one in the order of asking. One that others of a higher priority were preferred to
/// kPatience times is served next. Not synchronised: the owner holds the lock.
class WaitQueue {
 public:
  static constexpr unsigned kPatience = 8;

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  /// Whose turn it is; null where nobody waits.
  Waiter* front() const noexcept {
    for (std::size_t lane = kLanes; lane-- > 0;) {
      if (lanes_[lane].first != nullptr && lanes_[lane].passedOver >= kPatience) return lanes_[lane].first;
    }
    for (const Lane& lane : lanes_) {
      if (lane.first != nullptr) return lane.first;
    }
    return nullptr;
  }

  /// The first one that is of this thread, or whose thread holds a lease already; null where there is none.
  Waiter* firstBeside(std::uint64_t thread) const noexcept {
    for (const Lane& lane : lanes_) {
      for (Waiter* waiter = lane.first; waiter != nullptr; waiter = waiter->next) {
        if (waiter->nested || waiter->holder.thread == thread) return waiter;
      }
    }
    return nullptr;
  }

  void push(Waiter& waiter) noexcept {
    Lane& lane = laneOf(waiter);
    waiter.previous = lane.last;
    waiter.next = nullptr;
    (lane.last != nullptr ? lane.last->next : lane.first) = &waiter;
    lane.last = &waiter;
    ++size_;
  }
  /// It has been served, or has given up.
  void remove(Waiter& waiter, bool served) noexcept {
    Lane& lane = laneOf(waiter);
    (waiter.previous != nullptr ? waiter.previous->next : lane.first) = waiter.next;
    (waiter.next != nullptr ? waiter.next->previous : lane.last) = waiter.previous;
    --size_;
    if (lane.first == nullptr) lane.passedOver = 0;
    if (!served) return;
    lane.passedOver = 0;
    for (std::size_t lower = static_cast<std::size_t>(waiter.priority) + 1; lower < kLanes; ++lower) {
      if (lanes_[lower].first != nullptr) ++lanes_[lower].passedOver;
    }
  }

 private:
  static constexpr std::size_t kLanes = 3;
  struct Lane {
    Waiter* first = nullptr;
    Waiter* last = nullptr;
    unsigned passedOver = 0;
  };
  Lane& laneOf(const Waiter& waiter) noexcept { return lanes_[static_cast<std::size_t>(waiter.priority)]; }

  std::array<Lane, kLanes> lanes_{};
  std::size_t size_ = 0;
};

}  // namespace holdfast
