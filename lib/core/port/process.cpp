#include "core/port/process.hpp"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "core/port/split_mix.hpp"

namespace holdfast::port {
namespace detail {
std::atomic<std::uint32_t> forkGeneration{0};
}

namespace {

std::atomic<std::uint64_t> randomState{0};

/// Processes that jitter against each other must not draw the same numbers.
void seed() noexcept {
  const auto time = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  randomState.fetch_xor(mixed(time) ^ mixed(static_cast<std::uint64_t>(::getpid())), std::memory_order_relaxed);
}

extern "C" void onForkInChild() {
  detail::forkGeneration.fetch_add(1, std::memory_order_relaxed);
  seed();
}

// When the program is loaded, because the first one to ask may be the child.
[[maybe_unused]] const int registered = [] {
  seed();
  return ::pthread_atfork(nullptr, nullptr, onForkInChild);
}();

}  // namespace

bool hasOtherProcesses() noexcept { return true; }  // GCOVR_EXCL_LINE: asked without a log only.

double randomUnit() noexcept {
  return unitOf(mixed(randomState.fetch_add(kGamma, std::memory_order_relaxed) + kGamma));
}

}  // namespace holdfast::port
