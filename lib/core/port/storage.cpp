#include "core/port/storage.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace holdfast::port {

FileIdentity fileIdentity(const char* path) noexcept {
  FileIdentity identity;
  struct ::stat status {};
  if (::lstat(path, &status) != 0) {
    identity.error = errno;
    return identity;
  }
  identity.device = status.st_dev;
  identity.inode = status.st_ino;
  identity.sizeBytes = status.st_size;
  return identity;
}

StorageSpace storageSpace(const char* path) noexcept {
  StorageSpace space;
  struct ::statvfs status {};
  if (::statvfs(path, &status) != 0) return space;
  const auto bytes = [&status](auto blocks) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    const std::uint64_t size = std::max<std::uint64_t>(status.f_frsize, 1);
    return static_cast<std::int64_t>(std::min<std::uint64_t>(blocks, kMost / size) * size);
  };
  space.freeBytes = bytes(status.f_bavail);
  space.totalBytes = bytes(status.f_blocks);
  space.readOnly = (status.f_flag & ST_RDONLY) != 0;
  return space;
}

int occupySpace(const char* path, std::int64_t bytes) noexcept {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return errno;
  int error = ::posix_fallocate(file, 0, bytes);
  if (error == 0 && ::fsync(file) != 0) error = errno;
  ::close(file);
  if (error != 0) ::unlink(path);
  return error;
}

int writeDurably(const char* path, std::int64_t offset, std::span<const std::byte> bytes) noexcept {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return errno;
  int error = 0;
  while (!bytes.empty() && error == 0) {
    const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), offset);
    if (written > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      offset += written;
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (error == 0 && ::fdatasync(file) != 0) error = errno;
  ::close(file);
  return error;
}

int removeFile(const char* path) noexcept { return ::unlink(path) == 0 || errno == ENOENT ? 0 : errno; }

}  // namespace holdfast::port
