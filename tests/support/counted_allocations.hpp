#pragma once

#include <cstdint>

namespace holdfast::test {

/// C++ allocations of this process that have not been freed. Needs counted_allocations.cpp in the program.
std::int64_t liveAllocations() noexcept;

}  // namespace holdfast::test
