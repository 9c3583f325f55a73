#include "memory_stress/interrupt.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>

namespace bench {

namespace {

constexpr int kLostPatience = 3;

std::atomic<int> asked{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may touch nothing else");

void onInterrupt(int /*signal*/) {
  if (asked.fetch_add(1, std::memory_order_relaxed) + 1 >= kLostPatience) _exit(1);
}

}  // namespace

void catchInterrupts() {
  struct sigaction action {};
  action.sa_handler = onInterrupt;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept { return asked.load(std::memory_order_relaxed) > 0; }

}  // namespace bench
