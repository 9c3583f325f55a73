#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <holdfast/platform.hpp>

namespace holdfast::port {

#if HOLDFAST_THREADS
namespace detail {
extern std::atomic<std::uint32_t> forkGeneration;
}

/// How many times this process is a fork()'s child since the library was first used: changes in the child, and only
/// there. Cheaper than getpid(), which is a system call.
inline std::uint32_t forkGeneration() noexcept { return detail::forkGeneration.load(std::memory_order_relaxed); }
#else
/// Without threads fork() is not watched for either.
constexpr std::uint32_t forkGeneration() noexcept { return 0; }
#endif

/// Uniform in [0, 1): jitter, not secrets. Thread-safe.
double randomUnit() noexcept;
/// Fills it with random bytes of the system, good for identifiers that nobody may guess. False where it has none.
bool randomBytes(std::span<std::byte> bytes) noexcept;

}  // namespace holdfast::port
