#pragma once

#include <cstddef>
#include <optional>

#include "core/port/mutex.hpp"
#include "pool/slot_table.hpp"

namespace holdfast {

/// One thread that waits for a handle. Lives on that thread's stack; linked while it waits.
struct Waiter {
  Holder holder;
  std::optional<std::size_t> granted;  ///< The slot that was handed over.
  bool rejected = false;               ///< The pool closes.
  port::Condition wakeUp;
  Waiter* next = nullptr;
  Waiter* previous = nullptr;
};

/// Waiters in the order of asking. Not synchronised: the owner holds the lock.
class WaitQueue {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  std::size_t size() const noexcept { return size_; }
  Waiter* front() const noexcept { return first_; }

  void push(Waiter& waiter) noexcept {
    waiter.previous = last_;
    waiter.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &waiter;
    last_ = &waiter;
    ++size_;
  }
  void remove(Waiter& waiter) noexcept {
    (waiter.previous != nullptr ? waiter.previous->next : first_) = waiter.next;
    (waiter.next != nullptr ? waiter.next->previous : last_) = waiter.previous;
    --size_;
  }

 private:
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace holdfast
