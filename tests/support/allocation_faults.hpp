#pragma once

#include <cstdint>
#include <string_view>

namespace holdfast::test {

/// Whose allocations are counted and fail. Needs allocation_faults.cpp in the program, which replaces operator new and
/// wraps the allocator of SQLite before it is first used.
enum class AllocationKind : std::uint8_t { Any, Cpp, Sqlite };

/// What happens after the chosen allocation has failed.
enum class FaultMode : std::uint8_t {
  Once,    ///< All others succeed.
  Onward,  ///< None of that kind does any more.
};

std::string_view toText(AllocationKind kind) noexcept;
std::string_view toText(FaultMode mode) noexcept;

/// While one lives, allocations of the kind fail, on any thread, once `allowed` have been made. At most one at a time.
/// Keep checks outside of its scope: they allocate.
class AllocationFaults {
 public:
  AllocationFaults(AllocationKind kind, FaultMode mode, std::int64_t allowed) noexcept;
  AllocationFaults(const AllocationFaults&) = delete;
  AllocationFaults& operator=(const AllocationFaults&) = delete;
  ~AllocationFaults();

  /// Whether one has failed: once none has, every point has been tried.
  static bool haveHappened() noexcept;
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
