#include <array>
#include <string>

#include "port/file_device.hpp"
#include "support/device_of_tests.hpp"

namespace holdfast::test {

DevicePort& deviceOfTests() {
  static firmware::FileDevice device;
  return device;
}

// The device lists no files: the tests give theirs these names.
void removeFilesOfTests(std::string_view beginning) {
  for (const char* end : {"test.db", "test.db-journal", "a", "b"}) {
    deviceOfTests().remove((std::string(beginning) + end).c_str());
  }
}

}  // namespace holdfast::test
