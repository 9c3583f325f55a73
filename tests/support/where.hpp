#pragma once

#include <holdfast/platform.hpp>

namespace holdfast::test {

/// For doctest::skip(): what needs threads, or a read handle beside the write handle.
inline constexpr bool kWithoutThreads = !kHasThreads;

/// What needs more memory than a board has.
#if defined(HOLDFAST_TEST_ON_DEVICE)
inline constexpr bool kOnDevice = true;
#else
inline constexpr bool kOnDevice = false;
#endif

}  // namespace holdfast::test
