#pragma once

namespace holdfast::test {

/// While one lives, operator new fails on this thread once `allowed` allocations have been made. Needs
/// failing_allocation.cpp in the program. Keep checks outside of its scope: they allocate.
class FailingAllocation {
 public:
  explicit FailingAllocation(int allowed) noexcept;
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;
  ~FailingAllocation();

  /// Whether an allocation has failed: once none has, everything has been tried.
  static bool hasFailed() noexcept;
};

}  // namespace holdfast::test
