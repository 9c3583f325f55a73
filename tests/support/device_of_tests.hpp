#pragma once

#include <string_view>

#include <holdfast/device_port.hpp>

namespace holdfast::test {

/// The device that a test program works on. Each program links one file that defines these two.
DevicePort& deviceOfTests();
/// Deletes all files whose names begin so.
void removeFilesOfTests(std::string_view beginning);

}  // namespace holdfast::test
