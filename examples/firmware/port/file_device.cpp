#include "port/file_device.hpp"

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

// The C library for bare metal declares ftruncate() and fsync() and has neither over semihosting.
#if defined(__unix__)
#define FIRMWARE_HAS_FTRUNCATE 1
#else
#define FIRMWARE_HAS_FTRUNCATE 0
#endif

namespace firmware {

using holdfast::DeviceResult;

namespace {

constexpr int kMode = 0600;

DeviceResult resultOf(int error) noexcept {
  switch (error) {
    case ENOENT: return DeviceResult::Missing;
    case ENOSPC: return DeviceResult::Full;
    case EROFS:
    case EACCES: return DeviceResult::ReadOnly;
    case ENOMEM: return DeviceResult::NoMemory;
    default: return DeviceResult::Failed;
  }
}

bool seek(int descriptor, std::int64_t offset) noexcept {
  return ::lseek(descriptor, static_cast<off_t>(offset), SEEK_SET) == static_cast<off_t>(offset);
}

DeviceResult writeAll(int descriptor, std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written <= 0) return resultOf(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return DeviceResult::Ok;
}

}  // namespace

DeviceResult FileDevice::File::read(std::int64_t offset, std::span<std::byte> bytes, std::size_t& count) noexcept {
  count = 0;
  std::int64_t end = 0;
  const DeviceResult result = size(end);
  if (result != DeviceResult::Ok || offset >= end) return result;  // Semihosting does not seek past the end.
  if (!seek(descriptor_, offset)) return DeviceResult::Failed;
  while (count < bytes.size()) {
    const auto got = ::read(descriptor_, bytes.data() + count, bytes.size() - count);
    if (got < 0) return DeviceResult::Failed;
    if (got == 0) break;
    count += static_cast<std::size_t>(got);
  }
  return DeviceResult::Ok;
}

DeviceResult FileDevice::File::write(std::int64_t offset, std::span<const std::byte> bytes) noexcept {
  std::int64_t end = 0;
  const DeviceResult result = size(end);
  if (result != DeviceResult::Ok) return result;
  static constexpr std::array<std::byte, 256> kZeros{};
  if (!seek(descriptor_, std::min(end, offset))) return DeviceResult::Failed;
  while (end < offset) {
    const auto gap = std::span(kZeros).first(std::min(kZeros.size(), static_cast<std::size_t>(offset - end)));
    const DeviceResult filled = writeAll(descriptor_, gap);
    if (filled != DeviceResult::Ok) return filled;
    end += static_cast<std::int64_t>(gap.size());
  }
  return writeAll(descriptor_, bytes);
}

DeviceResult FileDevice::File::truncate(std::int64_t bytes) noexcept {
  std::int64_t before = 0;
  DeviceResult result = size(before);
  if (result != DeviceResult::Ok || before <= bytes) return result;
#if FIRMWARE_HAS_FTRUNCATE
  return ::ftruncate(descriptor_, static_cast<off_t>(bytes)) == 0 ? DeviceResult::Ok : resultOf(errno);
#else
  std::vector<std::byte> kept;
  try {
    kept.resize(static_cast<std::size_t>(bytes));
  } catch (const std::bad_alloc&) {
    return DeviceResult::NoMemory;
  }
  std::size_t count = 0;
  result = read(0, kept, count);
  if (result != DeviceResult::Ok || count != kept.size()) return DeviceResult::Failed;
  ::close(descriptor_);
  descriptor_ = ::open(name_.data(), O_RDWR | O_CREAT | O_TRUNC, kMode);
  return descriptor_ < 0 ? resultOf(errno) : writeAll(descriptor_, kept);
#endif
}

DeviceResult FileDevice::File::sync() noexcept {
#if FIRMWARE_HAS_FTRUNCATE
  return ::fsync(descriptor_) == 0 ? DeviceResult::Ok : DeviceResult::Failed;
#else
  return DeviceResult::Ok;  // The host has it already, and a reset of the board takes nothing from there.
#endif
}

DeviceResult FileDevice::File::size(std::int64_t& bytes) noexcept {
  const auto end = ::lseek(descriptor_, 0, SEEK_END);
  bytes = static_cast<std::int64_t>(end);
  return end < 0 ? DeviceResult::Failed : DeviceResult::Ok;
}

void FileDevice::File::close() noexcept {
  ::close(descriptor_);
  descriptor_ = -1;
}

holdfast::DeviceFile* FileDevice::open(const char* name, bool create, DeviceResult& result) noexcept {
  const auto free = std::find_if(files_.begin(), files_.end(), [](const File& file) { return file.descriptor_ < 0; });
  result = DeviceResult::Full;
  if (free == files_.end() || std::strlen(name) > File::kLongestName) return nullptr;
  // Not O_CREAT alone: over semihosting it empties a file that is there.
  int descriptor = ::open(name, O_RDWR);
  if (descriptor < 0 && create && find(name) == DeviceResult::Missing) {
    descriptor = ::open(name, O_RDWR | O_CREAT | O_TRUNC, kMode);
  }
  result = descriptor < 0 ? resultOf(errno) : DeviceResult::Ok;
  if (descriptor < 0) return nullptr;
  free->descriptor_ = descriptor;
  std::strcpy(free->name_.data(), name);
  return &*free;
}

DeviceResult FileDevice::remove(const char* name) noexcept {
  const DeviceResult found = find(name);
  if (found != DeviceResult::Ok) return found;
  return ::unlink(name) == 0 ? DeviceResult::Ok : resultOf(errno);
}

DeviceResult FileDevice::find(const char* name) noexcept {
  const int descriptor = ::open(name, O_RDONLY);
  if (descriptor < 0) return resultOf(errno);
  ::close(descriptor);
  return DeviceResult::Ok;
}

bool FileDevice::randomBytes(std::span<std::byte> bytes) noexcept {
  random_.stir(static_cast<std::uint32_t>(timeOfDay().time_since_epoch().count()));
  random_.fill(bytes);
  return true;
}

void FileDevice::sleep(std::chrono::nanoseconds duration) noexcept { spin(duration); }

holdfast::Timestamp FileDevice::timeOfDay() noexcept {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  return holdfast::Timestamp(std::chrono::seconds(now.tv_sec) + std::chrono::milliseconds(now.tv_usec / 1000));
}

void FileDevice::log(std::string_view text) noexcept { writeAll(STDERR_FILENO, std::as_bytes(std::span(text))); }

}  // namespace firmware
