#pragma once

#include <sched.h>
#include <sys/mount.h>

#include <filesystem>
#include <string>
#include <utility>

namespace holdfast::test {

/// A file system of its own and of a size of choice, mounted in a directory for as long as the object lives. Needs the
/// superuser. Only this process sees it (a mount namespace of its own), so nothing stays behind on the machine.
class SmallFileSystem {
 public:
  SmallFileSystem(std::string path, const char* size) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    const std::string options = std::string("size=") + size;
    mounted_ = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("holdfast-test", path_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;
  ~SmallFileSystem() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }

  /// Whether the system allowed it.
  explicit operator bool() const noexcept { return mounted_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// As where the medium was taken out: an empty file system lies over this one until uncover().
  bool cover() const noexcept { return ::mount("holdfast-cover", path_.c_str(), "tmpfs", 0, "size=1m") == 0; }
  bool uncover() const noexcept { return ::umount2(path_.c_str(), MNT_DETACH) == 0; }
  bool makeReadOnly() const noexcept {
    return ::mount("holdfast-test", path_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  std::string path_;
  bool mounted_ = false;
};

}  // namespace holdfast::test
