#pragma once

#include <cstdint>

namespace holdfast::port {

/// How many times this process is a fork()'s child since the library was first used: changes in the child, and only
/// there. Cheaper than getpid(), which is a system call.
std::uint32_t forkGeneration() noexcept;

/// Uniform in [0, 1): jitter, not secrets. Thread-safe.
double randomUnit() noexcept;

}  // namespace holdfast::port
