#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace holdfast::port {

/// Which file lies at a path now, as lstat() says. Nothing is opened.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t sizeBytes = 0;
  int error = 0;  ///< errno where there is none that can be looked at.
};

FileIdentity fileIdentity(const char* path) noexcept;

/// The file system that a path lies on.
struct StorageSpace {
  std::int64_t freeBytes = -1;  ///< For who is not the superuser; -1: unknown.
  std::int64_t totalBytes = -1;
  bool readOnly = false;
};

StorageSpace storageSpace(const char* path) noexcept;

/// Makes a file that takes so many bytes of the medium, mode 0600, and makes it durable. Returns 0 or errno; then there
/// is none. ENOTSUP where the system cannot.
int occupySpace(const char* path, std::int64_t bytes) noexcept;
/// Writes into a file, which is made where it is missing (mode 0600, no link), and makes it durable. Returns 0 or errno.
int writeDurably(const char* path, std::int64_t offset, std::span<const std::byte> bytes) noexcept;
/// Returns 0 or errno; a file that is not there is removed already.
int removeFile(const char* path) noexcept;

}  // namespace holdfast::port
