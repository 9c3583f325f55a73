// The medium of a device is a part of it: its files do not go, and what is left of it nobody is told.

#include "core/port/storage.hpp"

#include <cerrno>

#include "core/port/device/device.hpp"

namespace holdfast::port {

FileIdentity fileIdentity(const char*) noexcept { return {}; }

StorageSpace storageSpace(const char*) noexcept { return {}; }

int occupySpace(const char*, std::int64_t) noexcept { return ENOTSUP; }

int writeDurably(const char* path, std::int64_t offset, std::span<const std::byte> bytes) noexcept {
  DevicePort* const device = currentDevice();
  if (device == nullptr) return ENODEV;
  DeviceResult result = DeviceResult::Failed;
  DeviceFile* const file = device->open(path, true, result);
  if (file == nullptr) return EIO;
  result = file->write(offset, bytes);
  if (result == DeviceResult::Ok) result = file->sync();
  file->close();
  return result == DeviceResult::Ok ? 0 : result == DeviceResult::Full ? ENOSPC : EIO;
}

int removeFile(const char* path) noexcept {
  DevicePort* const device = currentDevice();
  if (device == nullptr) return ENODEV;
  const DeviceResult result = device->remove(path);
  return result == DeviceResult::Ok || result == DeviceResult::Missing ? 0 : EIO;
}

}  // namespace holdfast::port
