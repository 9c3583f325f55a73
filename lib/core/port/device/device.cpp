// What core/port asks of an operating system, asked of the device.

#include "core/port/device/device.hpp"

#include "core/port/process.hpp"
#include "core/port/standard_error.hpp"
#include "core/port/thread.hpp"

namespace holdfast {
namespace {

constinit DevicePort* current = nullptr;

}  // namespace

void setDevicePort(DevicePort& device) noexcept { current = &device; }

namespace port {

DevicePort* currentDevice() noexcept { return current; }

bool randomBytes(std::span<std::byte> bytes) noexcept { return current != nullptr && current->randomBytes(bytes); }

void sleepFor(std::chrono::nanoseconds duration) {
  if (current != nullptr && duration.count() > 0) current->sleep(duration);
}

void writeStandardError(std::string_view text) noexcept {
  if (current != nullptr) current->log(text);
}

}  // namespace port
}  // namespace holdfast
