#include "core/port/clock.hpp"

#include "core/port/device/device.hpp"

namespace holdfast::port {

std::chrono::steady_clock::time_point coarseSteadyNow() noexcept { return std::chrono::steady_clock::now(); }

Timestamp wallNow() noexcept {
  DevicePort* const device = currentDevice();
  return device != nullptr ? device->timeOfDay() : Timestamp{};
}

}  // namespace holdfast::port
