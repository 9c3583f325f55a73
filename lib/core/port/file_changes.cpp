#include "core/port/file_changes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <new>

namespace holdfast::port {
namespace {

using Change = NameWatch::Change;

int syncOpened(int file) noexcept {
  if (file < 0) return errno;
  const int error = ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  return error;
}

int syncNow(const std::string& path, const std::string& /*other*/) {
  return syncOpened(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
}

int syncDirectoryNow(const std::string& path, const std::string& /*other*/) {
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int error = syncOpened(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a directory; and one may be written into and yet not be readable.
  return error == EINVAL || error == EACCES ? 0 : error;
}

int renameNow(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

int removeNow(const std::string& path, const std::string& /*other*/) {
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? 0 : errno;
}

}  // namespace

int syncFile(const std::string& path) noexcept { return changeNames(Change::SyncFile, path, path, &syncNow); }

int syncDirectoryOf(const std::string& path) noexcept {
  return changeNames(Change::SyncDirectory, path, path, &syncDirectoryNow);
}

int renameFile(const std::string& from, const std::string& to) noexcept {
  return changeNames(Change::Rename, from, to, &renameNow);
}

int removeFile(const std::string& path) noexcept { return changeNames(Change::Remove, path, path, &removeNow); }

bool isMountPoint(const std::string& directory) noexcept {
  try {
    struct ::stat inside {};
    struct ::stat above {};
    if (::stat(directory.c_str(), &inside) != 0 || ::stat((directory + "/..").c_str(), &above) != 0) return false;
    // The root of everything is its own parent.
    return inside.st_dev != above.st_dev || inside.st_ino == above.st_ino;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace holdfast::port
