#include "core/port/thread.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include <holdfast/error.hpp>

#include "core/port/process.hpp"

namespace holdfast::port {
namespace {

constexpr std::size_t kNameBytes = 15;  // Linux: TASK_COMM_LEN less the terminating zero.

/// Keeps signals away from threads started meanwhile: the application's handlers run on the application's threads.
/// Signals that a thread raises by its own fault, and a profiler's, stay as they are.
class SignalBlock {
 public:
  SignalBlock() noexcept {
    sigset_t blocked;
    ::sigfillset(&blocked);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF}) {
      ::sigdelset(&blocked, signal);
    }
    ::pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;
  ~SignalBlock() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

std::uint64_t askThreadId() noexcept {
#if defined(SYS_gettid)
  return static_cast<std::uint64_t>(::syscall(SYS_gettid));
#else
  return std::hash<std::thread::id>{}(std::this_thread::get_id());
#endif
}

}  // namespace

std::uint64_t currentThreadId() noexcept {
  struct Cached {
    std::uint64_t id = 0;
    std::uint32_t generation = 0;
  };
  static constinit thread_local Cached cached;
  const std::uint32_t generation = forkGeneration();  // A child's thread has another number.
  if (cached.id == 0 || cached.generation != generation) cached = {askThreadId(), generation};
  return cached.id;
}

Thread::Thread(const char* name, std::function<void()> body) {
  std::array<char, kNameBytes + 1> shortName{};
  std::memcpy(shortName.data(), name, ::strnlen(name, kNameBytes));
  const SignalBlock block;
  try {
    thread_ = std::thread([shortName, run = std::move(body)] {
      ::pthread_setname_np(::pthread_self(), shortName.data());
      run();
    });
  } catch (const std::system_error& error) {
    throw Error(ErrorCode::MemoryLimit, "the system starts no more threads", 0, error.code().value());
  }
}

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this != &other) {
    join();
    thread_ = std::move(other.thread_);
  }
  return *this;
}

Thread::~Thread() { join(); }

void Thread::join() {
  if (thread_.joinable()) thread_.join();
}

void Thread::forget() noexcept {
  // Not detach(): that looks at the thread's own memory, which fork() has taken away. The old handle is only a number.
  std::construct_at(&thread_);
}

void sleepFor(std::chrono::nanoseconds duration) { std::this_thread::sleep_for(duration); }

}  // namespace holdfast::port
