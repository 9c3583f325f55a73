#include "port/ram_device.hpp"
#include "support/device_of_tests.hpp"

namespace holdfast::test {
namespace {

firmware::RamDevice& ramDevice() {
  static firmware::RamDevice device;
  return device;
}

}  // namespace

DevicePort& deviceOfTests() { return ramDevice(); }

void removeFilesOfTests(std::string_view beginning) { ramDevice().removeAll(beginning); }

}  // namespace holdfast::test
