#include "port/ram_device.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace firmware {

using holdfast::DeviceResult;

DeviceResult RamDevice::File::read(std::int64_t offset, std::span<std::byte> bytes, std::size_t& count) noexcept {
  const std::size_t begin = std::min(static_cast<std::size_t>(offset), content_.size());
  count = std::min(bytes.size(), content_.size() - begin);
  std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(begin), count, bytes.begin());
  return DeviceResult::Ok;
}

DeviceResult RamDevice::File::write(std::int64_t offset, std::span<const std::byte> bytes) noexcept {
  const std::size_t end = static_cast<std::size_t>(offset) + bytes.size();
  if (end > content_.size()) {
    if (device_->usedBytes() + (end - content_.size()) > device_->capacity_) return DeviceResult::Full;
    try {
      content_.resize(end);  // With zeros.
    } catch (const std::bad_alloc&) {
      return DeviceResult::Full;
    }
  }
  std::copy(bytes.begin(), bytes.end(), content_.begin() + static_cast<std::ptrdiff_t>(offset));
  return DeviceResult::Ok;
}

DeviceResult RamDevice::File::truncate(std::int64_t bytes) noexcept {
  if (static_cast<std::size_t>(bytes) < content_.size()) content_.resize(static_cast<std::size_t>(bytes));
  return DeviceResult::Ok;
}

DeviceResult RamDevice::File::size(std::int64_t& bytes) noexcept {
  bytes = static_cast<std::int64_t>(content_.size());
  return DeviceResult::Ok;
}

std::list<RamDevice::File>::iterator RamDevice::locate(std::string_view name) noexcept {
  return std::find_if(files_.begin(), files_.end(), [name](const File& file) { return file.name() == name; });
}

std::size_t RamDevice::usedBytes() const noexcept {
  return std::accumulate(files_.begin(), files_.end(), std::size_t{0},
                         [](std::size_t sum, const File& file) { return sum + file.content_.size(); });
}

holdfast::DeviceFile* RamDevice::open(const char* name, bool create, DeviceResult& result) noexcept {
  const auto found = locate(name);
  if (found != files_.end()) return &*found;
  result = DeviceResult::Missing;
  if (!create) return nullptr;
  result = DeviceResult::NoMemory;
  try {
    return &files_.emplace_back(*this, name);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

DeviceResult RamDevice::remove(const char* name) noexcept {
  const auto found = locate(name);
  if (found == files_.end()) return DeviceResult::Missing;
  files_.erase(found);
  return DeviceResult::Ok;
}

DeviceResult RamDevice::find(const char* name) noexcept {
  return locate(name) == files_.end() ? DeviceResult::Missing : DeviceResult::Ok;
}

holdfast::DeviceTraits RamDevice::traits() const noexcept {
  return {.powersafeOverwrite = true, .safeAppend = true, .sequential = true};
}

bool RamDevice::randomBytes(std::span<std::byte> bytes) noexcept {
  random_.fill(bytes);
  return true;
}

void RamDevice::sleep(std::chrono::nanoseconds duration) noexcept { spin(duration); }

void RamDevice::log(std::string_view text) noexcept { std::fwrite(text.data(), 1, text.size(), stderr); }

void RamDevice::removeAll(std::string_view beginning) noexcept {
  files_.remove_if([beginning](const File& file) { return file.name().starts_with(beginning); });
}

}  // namespace firmware
