#include "pool/wait_queue.hpp"

#include <chrono>

#include "core/port/parker.hpp"
#include "core/port/thread.hpp"

namespace holdfast {

bool Waiter::spin(port::LockGuard& guard) noexcept {
  // As long as a short transaction takes; on one core the others need it to get anywhere.
  constexpr std::chrono::microseconds kLongest{60};
  constexpr int kLooksPerClock = 64;
  spins_ = true;
  guard.unlock();
  const auto end = std::chrono::steady_clock::now() + kLongest;
  do {
    for (int i = 0; i < kLooksPerClock; ++i) {
      if (granted() != kNone) return true;
      port::spinOnce();
    }
  } while (std::chrono::steady_clock::now() < end);
  guard.lock();
  spins_ = ready_ = false;
  return false;
}

void Waiter::beReady() noexcept {
  static const bool worthwhile = port::coreCount() > 1;
  if (spins_ || ready_ || !worthwhile) return;
  ready_ = true;
  wakeUp.notifyOne();
}

}  // namespace holdfast
