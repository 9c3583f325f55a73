#pragma once

#include <atomic>
#include <cstdint>

namespace holdfast::port {

/// Where one thread waits to be told one thing. It belongs to its thread, so that telling may touch it after the thread
/// has gone on.
class Parker {
 public:
  static Parker& ofThisThread() noexcept {
    thread_local Parker parker;
    return parker;
  }

  /// Before anybody can know of it.
  void prepare() noexcept { told_.store(0, std::memory_order_relaxed); }
  /// Blocks until tell().
  void park() noexcept { told_.wait(0, std::memory_order_acquire); }
  /// What was written before it is visible to the thread that goes on. Any thread.
  void tell() noexcept {
    told_.store(1, std::memory_order_release);
    told_.notify_one();
  }

 private:
  std::atomic<std::uint32_t> told_{0};
};

/// A moment of a loop that waits for another core.
inline void spinOnce() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
  __asm__ __volatile__("yield");
#endif
}

}  // namespace holdfast::port
