#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

namespace bench {

/// SQLite's default VFS while it lives: calls through to the one before, counts what is written and makes syncs slow.
/// Handles opened meanwhile use it and must be closed before it goes. One at a time.
class ShimVfs {
 public:
  /// Every sync sleeps for `syncDelay` before it calls through. Throws std::runtime_error where SQLite refuses.
  explicit ShimVfs(std::chrono::microseconds syncDelay);
  ~ShimVfs();
  ShimVfs(const ShimVfs&) = delete;
  ShimVfs& operator=(const ShimVfs&) = delete;

  /// To any file: database, log, journals. Shared memory does not count, it never reaches the medium.
  std::uint64_t bytesWritten() const noexcept;
  std::uint64_t syncs() const noexcept;

 private:
  struct Registration;
  std::unique_ptr<Registration> registration_;
};

}  // namespace bench
