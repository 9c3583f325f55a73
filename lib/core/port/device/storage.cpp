// The medium of a device is a part of it: its files do not go, and what is left of it nobody is told.

#include "core/port/storage.hpp"

#include <cerrno>

#include "core/port/device/device.hpp"

namespace holdfast::port {

FileIdentity fileIdentity(const char*) noexcept { return {}; }

StorageSpace storageSpace(const char*) noexcept { return {}; }

int occupySpace(const char*, std::int64_t) noexcept { return ENOTSUP; }

int removeFile(const char* path) noexcept {
  DevicePort* const device = currentDevice();
  if (device == nullptr) return ENODEV;
  const DeviceResult result = device->remove(path);
  return result == DeviceResult::Ok || result == DeviceResult::Missing ? 0 : EIO;
}

}  // namespace holdfast::port
