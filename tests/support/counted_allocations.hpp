#pragma once

#include <cstdint>

namespace holdfast::test {

/// C++ allocations of this process that have not been freed. Needs counted_allocations.cpp in the program.
std::int64_t liveAllocations() noexcept;
/// All that were ever made, on any thread.
std::int64_t totalAllocations() noexcept;

}  // namespace holdfast::test
