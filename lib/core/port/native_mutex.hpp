#pragma once

#include <holdfast/platform.hpp>

#if HOLDFAST_THREADS

#include <condition_variable>
#include <mutex>

namespace holdfast::port {

using NativeMutex = std::mutex;
using NativeLock = std::unique_lock<std::mutex>;
using NativeCondition = std::condition_variable;
using WaitResult = std::cv_status;

inline constexpr std::adopt_lock_t kAdoptLock{};

}  // namespace holdfast::port

#else

#include <chrono>

namespace holdfast::port {

// With one thread there is nobody to keep out, and nobody who would end a wait but time.

struct NativeMutex {
  void lock() noexcept {}
  void unlock() noexcept {}
};

enum class WaitResult : bool { no_timeout, timeout };

struct AdoptLock {};
inline constexpr AdoptLock kAdoptLock{};

struct NativeLock {
  NativeLock(NativeMutex&, AdoptLock) noexcept {}
  void release() noexcept {}
};

struct NativeCondition {
  /// Throws Error{Misuse}: it would never end.
  [[noreturn]] static void wait(NativeLock& lock);
  /// Sleeps until then.
  static WaitResult wait_until(NativeLock& lock, std::chrono::steady_clock::time_point deadline);
  void notify_one() noexcept {}
  void notify_all() noexcept {}
};

}  // namespace holdfast::port

#endif
