// main() of the tests of a build for devices: SQLite's memory is one block, and all files are the device's.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdio>

#include <holdfast/device_port.hpp>
#include <holdfast/error.hpp>
#include <holdfast/memory_arena.hpp>

#include "board/board.hpp"
#include "support/device_of_tests.hpp"

namespace {

constexpr std::size_t kSqliteBytes = 1024 * 1024;
alignas(64) constinit std::array<std::byte, kSqliteBytes> sqliteMemory{};

}  // namespace

int main(int argc, char** argv) {
  try {
    holdfast::setDevicePort(holdfast::test::deviceOfTests());
    holdfast::configureMemory({.pageSize = 1024, .storage = sqliteMemory});
    const int result = doctest::Context(argc, argv).run();
    std::printf("stack: high water %lu of %lu bytes\n", static_cast<unsigned long>(board::stackHighWater()),
                static_cast<unsigned long>(board::stackBytes()));
    return result;
  } catch (const holdfast::Error& error) {
    std::printf("%s\n", error.what());
    return 2;
  }
}
