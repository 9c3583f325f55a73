#pragma once

#include <holdfast/device_port.hpp>

namespace holdfast::port {

/// The one that the application has set; null before.
DevicePort* currentDevice() noexcept;

}  // namespace holdfast::port
