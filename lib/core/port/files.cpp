#include "core/port/file_changes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <new>
#include <system_error>

namespace holdfast::port {

static_assert(sizeof(off_t) == 8, "files would end at 2 GiB: compile with _FILE_OFFSET_BITS=64");
static_assert(sizeof(std::time_t) == 8, "time would end in 2038: compile with _FILE_OFFSET_BITS=64 and _TIME_BITS=64");

namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (isOpen()) ::close(number_);
  }
  bool isOpen() const noexcept { return number_ >= 0; }
  int number() const noexcept { return number_; }

 private:
  int number_;
};

FileKind kindOf(mode_t mode) noexcept {
  if (S_ISREG(mode)) return FileKind::Regular;
  if (S_ISDIR(mode)) return FileKind::Directory;
  if (S_ISLNK(mode)) return FileKind::Symlink;
  return FileKind::Other;
}

/// "." for a bare name, and with its slash otherwise, so that the root stays the root.
std::string directoryPart(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

/// Some file systems cannot sync a directory and say EINVAL: there is nothing more to be had.
int syncDirectory(int directory) noexcept { return ::fsync(directory) == 0 || errno == EINVAL ? 0 : errno; }

int createIn(const Descriptor& directory, const std::string& path) noexcept {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.isOpen()) return errno;
  const int error = ::fsync(file.number()) != 0 ? errno : directory.isOpen() ? syncDirectory(directory.number()) : 0;
  if (error != 0) ::unlink(path.c_str());
  return error;
}

int readUpTo(const Descriptor& file, std::size_t limitBytes, std::string& content) {
  std::array<char, 4096> block;
  for (;;) {
    const std::size_t wanted = std::min(block.size(), limitBytes - content.size() + 1);
    const ssize_t count = ::read(file.number(), block.data(), wanted);
    if (count == 0) return 0;
    if (count > 0) {
      content.append(block.data(), static_cast<std::size_t>(count));
      if (content.size() > limitBytes) return EFBIG;
    } else if (errno != EINTR) {
      return errno;
    }
  }
}

}  // namespace

FileFacts fileFacts(const std::string& path) noexcept {
  FileFacts facts;
  struct ::stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) facts.error = errno;
    return facts;
  }
  facts.kind = kindOf(status.st_mode);
  facts.sizeBytes = status.st_size;
  facts.device = status.st_dev;
  facts.inode = status.st_ino;
  facts.writable = ::access(path.c_str(), W_OK) == 0;
  return facts;
}

std::string absolutePath(const std::string& path, int& error) {
  error = 0;
  const std::string directory = directoryPart(path);
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(directory.c_str(), nullptr), &std::free);
  // The dot makes the system enter it: it must be a directory, and one that may be searched.
  if (!resolved || ::access((directory + "/.").c_str(), X_OK) != 0) {
    error = errno;
    return {};
  }
  std::string absolute(resolved.get());
  if (absolute.back() != '/') absolute += '/';
  return absolute.append(path, path.rfind('/') + 1);
}

namespace {

int createNow(const std::string& path, const std::string& /*other*/) {
  const std::string name = directoryPart(path);
  const Descriptor directory(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // A directory may allow making files and yet not be readable. Then the file is made, and cannot be made durable.
  if (!directory.isOpen() && errno != EACCES) return errno;
  return createIn(directory, path);
}

std::atomic<NameWatch*> nameWatch{nullptr};

}  // namespace

void watchNames(NameWatch* watch) noexcept { nameWatch = watch; }

int changeNames(NameWatch::Change change, const std::string& path, const std::string& other,
                int (*carryOut)(const std::string& path, const std::string& other)) noexcept {
  try {
    NameWatch* const watch = nameWatch;
    return watch != nullptr ? watch->around(change, path, other, carryOut) : carryOut(path, other);
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

int createPrivateFile(const std::string& path) noexcept {
  return changeNames(NameWatch::Change::Create, path, path, &createNow);
}

int readSmallFile(const std::string& path, std::size_t limitBytes, std::string& content) {
  content.clear();
  // Opening a FIFO would wait for somebody to write into it.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file.isOpen()) return errno;
  struct ::stat status {};
  if (::fstat(file.number(), &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  return readUpTo(file, limitBytes, content);
}

std::string errorText(int error) { return std::generic_category().message(error); }

}  // namespace holdfast::port
