// What core/port asks of an operating system, asked of the device.

#include "core/port/device/device.hpp"

#include <array>
#include <bit>

#include "core/port/process.hpp"
#include "core/port/split_mix.hpp"
#include "core/port/standard_error.hpp"
#include "core/port/thread.hpp"

namespace holdfast {
namespace {

constinit DevicePort* current = nullptr;

}  // namespace

void setDevicePort(DevicePort& device) noexcept { current = &device; }

namespace port {

std::atomic<std::uint32_t> detail::forkGeneration{0};  // Nothing forks.

bool hasOtherProcesses() noexcept { return false; }

double randomUnit() noexcept {
  static std::uint64_t state = [] {
    std::array<std::byte, sizeof(std::uint64_t)> seed{};
    randomBytes(seed);  // Without any, all devices jitter alike.
    return std::bit_cast<std::uint64_t>(seed);
  }();
  return unitOf(mixed(state += kGamma));
}

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
