#pragma once

#include <chrono>

#include "core/port/mutex.hpp"

namespace holdfast::port {

/// Where one thread sleeps until it is told to look again. It is never freed, so that telling may touch it after the
/// thread has gone on or ended; the next thread gets it then. A word that comes late wakes its sleeper once for
/// nothing: what is waited for must be looked at in a loop, after prepare().
///
/// (An atomic's wait() yields the processor a few times before it sleeps, and waking under a lock that the sleeper
/// needs wakes it twice: with many threads each cost more than all the rest of a hand-over.)
class Parker {
 public:
  /// Throws std::bad_alloc on the first call of a thread.
  static Parker& ofThisThread();

  /// What is told from here on ends the next park().
  void prepare() noexcept {
    const LockGuard guard(mutex_);
    told_ = false;
  }
  /// Sleeps until it is told, or until `deadline`.
  void parkUntil(std::chrono::steady_clock::time_point deadline) noexcept {
    LockGuard guard(mutex_);
    while (!told_ && condition_.waitUntil(guard, deadline)) {
    }
  }
  /// What was written before it is visible to the thread that goes on. Any thread.
  void tell() noexcept {
    {
      const LockGuard guard(mutex_);
      told_ = true;
    }
    condition_.notifyOne();
  }

 private:
  class Loan;

  Parker* nextFree_ = nullptr;
  Mutex mutex_;
  Condition condition_;
  bool told_ HOLDFAST_GUARDED_BY(mutex_) = false;
};

}  // namespace holdfast::port
