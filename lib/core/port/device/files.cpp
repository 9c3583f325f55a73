#include "core/port/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "core/port/device/device.hpp"

namespace holdfast::port {
namespace {

int errnoOf(DeviceResult result) noexcept {
  switch (result) {
    case DeviceResult::Ok: return 0;
    case DeviceResult::Missing: return ENOENT;
    case DeviceResult::Full: return ENOSPC;
    case DeviceResult::ReadOnly: return EROFS;
    case DeviceResult::NoMemory: return ENOMEM;
    case DeviceResult::Failed: break;
  }
  return EIO;
}

/// A device's files have no numbers: of the name, FNV-1a (Fowler, Noll, Vo), and not 0, as which a missing file goes.
std::uint64_t numberOf(std::string_view name) noexcept {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211ULL;
  return hash | 1;
}

/// Open as long as the object lives.
class OpenFile {
 public:
  OpenFile(const std::string& name, bool create) noexcept {
    DevicePort* const device = currentDevice();
    if (device == nullptr) {
      error_ = ENODEV;
      return;
    }
    DeviceResult result = DeviceResult::Failed;
    file_ = device->open(name.c_str(), create, result);
    if (file_ == nullptr) error_ = result == DeviceResult::Ok ? EIO : errnoOf(result);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (file_ != nullptr) file_->close();
  }
  int error() const noexcept { return error_; }
  DeviceFile* operator->() const noexcept { return file_; }

 private:
  DeviceFile* file_ = nullptr;
  int error_ = 0;
};

}  // namespace

FileFacts fileFacts(const std::string& path) noexcept {
  FileFacts facts;
  DevicePort* const device = currentDevice();
  if (device == nullptr) {
    facts.error = ENODEV;
    return facts;
  }
  const DeviceResult found = device->find(path.c_str());
  if (found == DeviceResult::Missing) return facts;
  facts.error = errnoOf(found);
  if (facts.error != 0) return facts;
  facts.kind = FileKind::Regular;
  facts.inode = numberOf(path);
  facts.writable = true;
  return facts;
}

std::string absolutePath(const std::string& path, int& error) {
  error = currentDevice() == nullptr ? ENODEV : 0;
  return error == 0 ? path : std::string();
}

int createPrivateFile(const std::string& path) noexcept {
  const OpenFile file(path, true);
  return file.error() != 0 ? file.error() : errnoOf(file->sync());
}

int readSmallFile(const std::string& path, std::size_t limitBytes, std::string& content) {
  content.clear();
  const OpenFile file(path, false);
  if (file.error() != 0) return file.error();
  std::array<std::byte, 256> block;
  while (true) {
    std::size_t count = 0;
    const DeviceResult result = file->read(static_cast<std::int64_t>(content.size()), block, count);
    if (result != DeviceResult::Ok) return errnoOf(result);
    if (count == 0) return 0;
    content.append(reinterpret_cast<const char*>(block.data()), count);
    if (content.size() > limitBytes) return EFBIG;
  }
}

std::string errorText(int error) {
  switch (error) {
    case ENODEV: return "there is no device: call setDevicePort() first";
    case ENOENT: return "no such file";
    case ENOSPC: return "no room on the medium";
    case EROFS: return "the medium cannot be written";
    case ENOMEM: return "out of memory";
    case EFBIG: return "the file is too large";
    default: return "the medium failed";
  }
}

}  // namespace holdfast::port
