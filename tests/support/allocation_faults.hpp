#pragma once

#include <cstdint>

#include <holdfast/testing/allocation_faults.hpp>

namespace holdfast::test {

// Those of the fault kit. C++'s take part in programs with allocation_faults.cpp, which replaces operator new and wraps
// SQLite's allocator before it is first used.
using testing::AllocationKind;
using testing::FaultMode;
using testing::toText;

class AllocationFaults : public testing::AllocationFaults {
 public:
  using testing::AllocationFaults::AllocationFaults;
  /// Has the first one that fails write its stack to standard error.
  static void traceFirst() noexcept;
};

/// Allocations that have not been freed, since the program began.
struct LiveAllocations {
  std::int64_t cpp = 0;
  std::int64_t sqlite = 0;
  static LiveAllocations now() noexcept;
  bool operator==(const LiveAllocations&) const noexcept = default;
};

/// Allocations that were ever made, on any thread.
struct TotalAllocations {
  std::int64_t cpp = 0;
  std::int64_t sqlite = 0;
  static TotalAllocations now() noexcept;
};

}  // namespace holdfast::test
