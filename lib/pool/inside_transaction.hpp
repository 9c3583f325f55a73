#pragma once

#include <utility>

#include "core/port/thread_local.hpp"

namespace holdfast {

/// A transaction's callback runs on this thread while it lives: the pool that it is of is not to be used.
class InsideTransaction {
 public:
  explicit InsideTransaction(const void* pool) noexcept : pool_(pool), around_(std::exchange(innermost, this)) {}
  InsideTransaction(const InsideTransaction&) = delete;
  InsideTransaction& operator=(const InsideTransaction&) = delete;
  ~InsideTransaction() { innermost = around_; }
  /// Of `pool`, down to where work of somebody else's began (a null pool).
  static bool of(const void* pool) noexcept {
    for (const InsideTransaction* at = innermost; at != nullptr && at->pool_ != nullptr; at = at->around_) {
      if (at->pool_ == pool) return true;
    }
    return false;
  }

 private:
  const void* pool_;
  const InsideTransaction* around_;
  inline static constinit HOLDFAST_THREAD_LOCAL const InsideTransaction* innermost = nullptr;
};

}  // namespace holdfast
