#include "core/port/thread.hpp"

#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include <holdfast/error.hpp>

#include "core/port/mutex.hpp"
#include "support/child_process.hpp"
#include "support/no_more_threads.hpp"

using namespace std::chrono_literals;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::port::Condition;
using holdfast::port::currentThreadId;
using holdfast::port::LockGuard;
using holdfast::port::Mutex;
using holdfast::port::Thread;
using holdfast::test::inChild;
using holdfast::test::NoMoreThreads;

namespace {

/// Keeps threads waiting until it is opened.
class Gate {
 public:
  void open() {
    const LockGuard guard(mutex_);
    open_ = true;
    condition_.notifyAll();
  }
  void pass() {
    LockGuard guard(mutex_);
    while (!open_) condition_.wait(guard);
  }

 private:
  Mutex mutex_;
  Condition condition_;
  bool open_ HOLDFAST_GUARDED_BY(mutex_) = false;
};

}  // namespace

TEST_SUITE("core/thread") {
  TEST_CASE("each thread has the number that the kernel gave it") {
    std::uint64_t other = 0;
    Thread("other", [&other] { other = currentThreadId(); }).join();
    CHECK(currentThreadId() == static_cast<std::uint64_t>(::gettid()));
    CHECK(currentThreadId() == currentThreadId());
    CHECK(other != 0);
    CHECK(other != currentThreadId());
  }

  TEST_CASE("a forked child does not go by its parent's number") {
    const std::uint64_t parent = currentThreadId();
    const int same = inChild([parent] {
      return currentThreadId() == static_cast<std::uint64_t>(::gettid()) && currentThreadId() != parent ? 1 : 0;
    });
    CHECK(same == 1);
  }

  TEST_CASE("a thread carries the first 15 bytes of its name") {
    std::array<char, 32> name{};
    Thread thread("holdfast housekeeping",
                  [&name] { ::pthread_getname_np(::pthread_self(), name.data(), name.size()); });
    thread.join();
    CHECK(std::string(name.data()) == "holdfast housek");
  }

  TEST_CASE("a thread runs until it is joined") {
    Gate gate;
    Thread thread("t", [&gate] { gate.pass(); });
    CHECK(thread.running());
    gate.open();
    thread.join();
    CHECK_FALSE(thread.running());
    thread.join();  // Does nothing.
    CHECK_FALSE(Thread().running());
  }

  TEST_CASE("a thread that goes and one that is replaced are joined") {
    std::atomic<int> finished{0};
    {
      Thread first("first", [&finished] { ++finished; });
      first = Thread("second", [&finished] { ++finished; });
      CHECK(finished.load() >= 1);
      Thread& same = first;
      first = std::move(same);
      CHECK(first.running());
    }
    CHECK(finished.load() == 2);
  }

  TEST_CASE("the application's signals are not delivered to the library's threads") {
    sigset_t inThread;
    sigset_t before;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
    Thread("t", [&inThread] { ::pthread_sigmask(SIG_SETMASK, nullptr, &inThread); }).join();
    CHECK(::sigismember(&inThread, SIGTERM) == 1);
    CHECK(::sigismember(&inThread, SIGALRM) == 1);
    CHECK(::sigismember(&inThread, SIGSEGV) == 0);
    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
    CHECK(::sigismember(&after, SIGTERM) == ::sigismember(&before, SIGTERM));
  }

  TEST_CASE("a thread that cannot be started is an error and no crash") {
    ErrorCode code{};
    int systemErrno = 0;
    {
      const NoMoreThreads none;
      try {
        Thread("t", [] {});
      } catch (const Error& error) {
        code = error.code();
        systemErrno = error.systemErrno();
      }
    }
    CHECK(code == ErrorCode::MemoryLimit);
    CHECK(systemErrno != 0);
  }

  TEST_CASE("a child can let go of a thread that only its parent has") {
    Gate gate;
    Thread thread("t", [&gate] { gate.pass(); });
    const int status = inChild([&thread] {
      thread.forget();
      return thread.running() ? 1 : 0;
    });
    gate.open();
    CHECK(status == 0);
    CHECK(thread.running());
  }

  TEST_CASE("sleeping takes at least the time asked for") {
    const auto before = std::chrono::steady_clock::now();
    holdfast::port::sleepFor(1us);
    CHECK(std::chrono::steady_clock::now() - before >= 1us);
  }

  TEST_CASE("waiting ends at its deadline") {
    Mutex mutex;
    Condition condition;
    LockGuard guard(mutex);
    bool notified = true;
    while (notified) notified = condition.waitUntil(guard, std::chrono::steady_clock::now());
    CHECK_FALSE(notified);
  }

  TEST_CASE("a lock guard can be let go and taken again") {
    Mutex mutex;
    Condition condition;
    {
      LockGuard guard(mutex);
      guard.unlock();
      condition.notifyOne();
      Thread("t", [&mutex] { const LockGuard other(mutex); }).join();
      guard.lock();
    }
    {
      LockGuard guard(mutex);
      guard.unlock();
    }
    const LockGuard again(mutex);
  }
}
