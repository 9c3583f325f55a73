#pragma once

#include <cstdint>

namespace bench {

/// Has allocations of this process fail at random: those of SQLite, and those by operator new. Each thread draws for
/// itself, and only while it has a FailureWindow.
struct InjectedFailures {
  /// Puts itself before SQLite's allocator. Call once, before SQLite is first used in the process. Throws
  /// std::runtime_error where it is too late.
  static void install();
  static std::uint64_t ofSqlite() noexcept;  ///< Allocations of SQLite that were made to fail so far, by all threads.
  static std::uint64_t ofCpp() noexcept;     ///< The same by operator new.
  static std::uint64_t allocations() noexcept;  ///< Of either kind, within windows.
  /// Blocks from operator new that are there now; counted from install().
  static std::int64_t liveBlocks() noexcept;
};

/// While one lives, one allocation in about `every` of this thread's fails, drawn from `seed`.
class FailureWindow {
 public:
  FailureWindow(std::uint64_t seed, std::uint64_t every) noexcept;
  ~FailureWindow();
  FailureWindow(const FailureWindow&) = delete;
  FailureWindow& operator=(const FailureWindow&) = delete;

  /// Whether an allocation of this thread has failed in it.
  bool hit() const noexcept;
};

}  // namespace bench
