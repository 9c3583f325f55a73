#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include <holdfast/platform.hpp>

#if HOLDFAST_THREADS
#include <thread>
#endif

namespace holdfast::port {

/// The kernel's number of the calling thread, as debuggers and /proc show it. A few nanoseconds after the first call.
std::uint64_t currentThreadId() noexcept;

#if HOLDFAST_THREADS

/// A thread that is joined at the latest when the object goes. `name` shows in debuggers (15 bytes).
class Thread {
 public:
  Thread() noexcept = default;
  Thread(const char* name, std::function<void()> body);
  Thread(Thread&&) noexcept = default;
  Thread& operator=(Thread&& other) noexcept;
  ~Thread();

  bool running() const noexcept { return thread_.joinable(); }
  /// Whether the caller runs on this thread.
  bool isCurrent() const noexcept { return thread_.get_id() == std::this_thread::get_id(); }
  void join();
  /// Gives the thread up without joining it: after fork() it does not exist in the child.
  void forget() noexcept;

 private:
  std::thread thread_;
};

#else

/// There are none: whoever starts one gets Error{Unsupported}.
class Thread {
 public:
  Thread() noexcept = default;
  Thread(const char* name, const std::function<void()>& body);

  bool running() const noexcept { return false; }
  bool isCurrent() const noexcept { return false; }
  void join() noexcept {}
  void forget() noexcept {}
};

#endif

void sleepFor(std::chrono::nanoseconds duration);

}  // namespace holdfast::port
