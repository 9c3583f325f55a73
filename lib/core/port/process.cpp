#include "core/port/process.hpp"

#include <pthread.h>
#include <sys/random.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>

namespace holdfast::port {
namespace detail {
std::atomic<std::uint32_t> forkGeneration{0};
}

namespace {

std::atomic<std::uint64_t> randomState{0};

constexpr std::uint64_t kGamma = 0x9E3779B97F4A7C15;  // An odd number near 2^64 / golden ratio.

/// SplitMix64's output function (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
constexpr std::uint64_t mixed(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

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

double randomUnit() noexcept {
  const std::uint64_t bits = mixed(randomState.fetch_add(kGamma, std::memory_order_relaxed) + kGamma);
  return static_cast<double>(bits >> 11) * 0x1.0p-53;  // As many bits as a double holds.
}

bool randomBytes(std::span<std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace holdfast::port
