#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace holdfast::port {

namespace detail {
extern std::atomic<std::uint32_t> forkGeneration;
}

/// How many times this process is a fork()'s child since the library was first used: changes in the child, and only
/// there. Cheaper than getpid(), which is a system call.
inline std::uint32_t forkGeneration() noexcept { return detail::forkGeneration.load(std::memory_order_relaxed); }

/// Whether there may be others, which write the same files. On a device there is the one program.
bool hasOtherProcesses() noexcept;

/// Uniform in [0, 1): jitter, not secrets. Thread-safe.
double randomUnit() noexcept;
/// Fills it with random bytes of the system, good for identifiers that nobody may guess. False where it has none.
bool randomBytes(std::span<std::byte> bytes) noexcept;

}  // namespace holdfast::port
