#pragma once

#include <chrono>

#include "core/port/native_mutex.hpp"

// Clang's thread-safety annotations; other compilers ignore them.
#if defined(__clang__)
#define HOLDFAST_ANNOTATE(x) __attribute__((x))
#else
#define HOLDFAST_ANNOTATE(x)
#endif
#define HOLDFAST_CAPABILITY(name) HOLDFAST_ANNOTATE(capability(name))
#define HOLDFAST_SCOPED_CAPABILITY HOLDFAST_ANNOTATE(scoped_lockable)
#define HOLDFAST_GUARDED_BY(mutex) HOLDFAST_ANNOTATE(guarded_by(mutex))
#define HOLDFAST_REQUIRES(...) HOLDFAST_ANNOTATE(requires_capability(__VA_ARGS__))
#define HOLDFAST_ACQUIRE(...) HOLDFAST_ANNOTATE(acquire_capability(__VA_ARGS__))
#define HOLDFAST_RELEASE(...) HOLDFAST_ANNOTATE(release_capability(__VA_ARGS__))
#define HOLDFAST_EXCLUDES(...) HOLDFAST_ANNOTATE(locks_excluded(__VA_ARGS__))

namespace holdfast::port {

/// A mutex that the compiler can check the use of.
class HOLDFAST_CAPABILITY("mutex") Mutex {
 public:
  void lock() HOLDFAST_ACQUIRE() { mutex_.lock(); }
  void unlock() HOLDFAST_RELEASE() { mutex_.unlock(); }

 private:
  friend class Condition;
  NativeMutex mutex_;
};

/// Holds a mutex for a scope. It can be let go and taken again inside the scope.
class HOLDFAST_SCOPED_CAPABILITY LockGuard {
 public:
  explicit LockGuard(Mutex& mutex) HOLDFAST_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;
  ~LockGuard() HOLDFAST_RELEASE() {
    if (held_) mutex_.unlock();
  }
  void unlock() HOLDFAST_RELEASE() {
    held_ = false;
    mutex_.unlock();
  }
  void lock() HOLDFAST_ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }

 private:
  friend class Condition;
  Mutex& mutex_;
  bool held_ = true;
};

/// A condition variable on the steady clock.
class Condition {
 public:
  /// Spurious wake-ups happen: check the condition in a loop.
  void wait(LockGuard& guard) {
    Borrowed lock(guard);
    condition_.wait(lock.native);
  }
  /// False when `deadline` passed.
  bool waitUntil(LockGuard& guard, std::chrono::steady_clock::time_point deadline) {
    Borrowed lock(guard);
    return condition_.wait_until(lock.native, deadline) == WaitResult::no_timeout;
  }
  void notifyOne() noexcept { condition_.notify_one(); }
  void notifyAll() noexcept { condition_.notify_all(); }

 private:
  /// The guard's mutex as the standard's condition wants to see it, for the time of a wait.
  struct Borrowed {
    explicit Borrowed(LockGuard& guard) : native(guard.mutex_.mutex_, kAdoptLock) {}
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() { native.release(); }
    NativeLock native;
  };

  NativeCondition condition_;
};

}  // namespace holdfast::port
