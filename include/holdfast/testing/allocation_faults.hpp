#pragma once

#include <cstdint>
#include <string_view>

namespace holdfast::testing {

/// Whose allocations are counted and fail.
enum class AllocationKind : std::uint8_t { Any, Cpp, Sqlite };

/// What happens after the chosen allocation has failed.
enum class FaultMode : std::uint8_t {
  Once,    ///< All others succeed.
  Onward,  ///< None of that kind does any more.
};

std::string_view toText(AllocationKind kind) noexcept;
std::string_view toText(FaultMode mode) noexcept;

/// Wraps SQLite's allocator. Before SQLite is first used in the process, and before holdfast is; again does nothing.
/// False where it is too late.
bool installAllocationFaults() noexcept;
bool allocationFaultsInstalled() noexcept;

/// While one lives, allocations of the kind fail, on any thread, once `allowed` have been made. At most one at a time.
/// Those of C++ take part where the program replaces operator new by one that asks refusesAllocation().
class AllocationFaults {
 public:
  AllocationFaults(AllocationKind kind, FaultMode mode, std::int64_t allowed) noexcept;
  AllocationFaults(const AllocationFaults&) = delete;
  AllocationFaults& operator=(const AllocationFaults&) = delete;
  ~AllocationFaults();

  /// None fails any more.
  static void stop() noexcept;
  /// Whether one has failed: once none has, every point has been tried.
  static bool haveHappened() noexcept;
  /// Called at the next allocation that fails, once; it must not allocate.
  static void callAtFirst(void (*function)() noexcept) noexcept;
};

/// For allocators: whether the allocation that is asked for now has to fail. Any thread; does not allocate.
bool refusesAllocation(AllocationKind kind) noexcept;

/// SQLite's allocations that have not been freed, and all that were ever made, since the allocator was wrapped.
std::int64_t liveSqliteAllocations() noexcept;
std::int64_t totalSqliteAllocations() noexcept;

}  // namespace holdfast::testing
