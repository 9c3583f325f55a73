// What core/port has threads for, where there is one: in place of core/port/thread.cpp and parker.cpp.

#include "core/port/thread.hpp"

#include <string>

#include <holdfast/error.hpp>

#include "core/port/native_mutex.hpp"
#include "core/port/parker.hpp"

namespace holdfast::port {

std::uint64_t currentThreadId() noexcept { return 1; }

Thread::Thread(const char* name, const std::function<void()>&) {
  throw Error(ErrorCode::Unsupported,
              std::string("there is no thread for ") + name + ": the library was built with HOLDFAST_THREADS=OFF");
}

void NativeCondition::wait(NativeLock&) {
  throw Error(ErrorCode::Misuse, "this would wait for ever: there is no other thread that could end it");
}

WaitResult NativeCondition::wait_until(NativeLock&, std::chrono::steady_clock::time_point deadline) {
  sleepFor(deadline - std::chrono::steady_clock::now());
  return WaitResult::timeout;
}

Parker& Parker::ofThisThread() {
  static Parker parker;
  return parker;
}

}  // namespace holdfast::port
