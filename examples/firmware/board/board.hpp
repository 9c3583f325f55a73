#pragma once

#include <cstddef>

namespace board {

/// The most of the stack that was in use so far, in bytes: it is painted before main().
std::size_t stackHighWater() noexcept;
std::size_t stackBytes() noexcept;

/// The most that operator new and malloc() have taken of the C library's heap so far, in bytes.
std::size_t heapHighWater() noexcept;

}  // namespace board
