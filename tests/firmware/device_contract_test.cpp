// What holdfast/device_port.hpp says of a device. Whoever writes a port links this file with deviceOfTests() of their own
// (support/device_of_tests.hpp) and runs it on their board.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <holdfast/device_port.hpp>

#include "support/device_of_tests.hpp"
#include "support/temp_directory.hpp"

using holdfast::DeviceFile;
using holdfast::DevicePort;
using holdfast::DeviceResult;
using holdfast::DeviceTraits;
using holdfast::test::deviceOfTests;
using holdfast::test::TempDirectory;

namespace {

using Bytes = std::vector<std::byte>;

Bytes pattern(std::size_t count, unsigned first = 1) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>((first + i * 7) & 0xff);
  return bytes;
}

/// A file that is open while the object lives.
class Opened {
 public:
  explicit Opened(const std::string& name, bool create = true)
      : file_(deviceOfTests().open(name.c_str(), create, result)) {}
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() {
    if (file_ != nullptr) file_->close();
  }
  explicit operator bool() const { return file_ != nullptr; }
  DeviceFile* operator->() const { return file_; }

  /// What is there of so many bytes.
  Bytes read(std::int64_t offset, std::size_t count) const {
    Bytes bytes(count, std::byte{0xee});
    std::size_t got = 0;
    REQUIRE(file_->read(offset, bytes, got) == DeviceResult::Ok);
    REQUIRE(got <= count);
    bytes.resize(got);
    return bytes;
  }
  std::int64_t size() const {
    std::int64_t bytes = -1;
    REQUIRE(file_->size(bytes) == DeviceResult::Ok);
    return bytes;
  }

  DeviceResult result = DeviceResult::Ok;

 private:
  DeviceFile* file_;
};

struct Files {
  TempDirectory directory;
  const std::string a = directory.file("a");
  const std::string b = directory.file("b");
  DevicePort& device = deviceOfTests();
};

}  // namespace

TEST_SUITE("firmware/device_contract") {
  TEST_CASE_FIXTURE(Files, "a file that is missing is not opened, found or deleted") {
    const Opened file(a, false);
    CHECK_FALSE(file);
    CHECK(file.result == DeviceResult::Missing);
    CHECK(device.find(a.c_str()) == DeviceResult::Missing);
    CHECK(device.remove(a.c_str()) == DeviceResult::Missing);
  }

  TEST_CASE_FIXTURE(Files, "a file that is created is there, and empty") {
    const Opened file(a);
    REQUIRE(file);
    CHECK(file.size() == 0);
    CHECK(file.read(0, 10).empty());
    CHECK(device.find(a.c_str()) == DeviceResult::Ok);
    CHECK(device.find(b.c_str()) == DeviceResult::Missing);
  }

  TEST_CASE_FIXTURE(Files, "what is written is read back, in any order and over itself") {
    const Opened file(a);
    REQUIRE(file);
    const Bytes page = pattern(1024);
    CHECK(file->write(0, page) == DeviceResult::Ok);
    CHECK(file->write(1024, page) == DeviceResult::Ok);
    const Bytes patch = pattern(10, 99);
    CHECK(file->write(1020, patch) == DeviceResult::Ok);
    CHECK(file.size() == 2048);
    CHECK(file.read(1020, 10) == patch);
    CHECK(file.read(0, 1020) == Bytes(page.begin(), page.begin() + 1020));
    CHECK(file.read(1030, 1018) == Bytes(page.begin() + 6, page.end()));
  }

  TEST_CASE_FIXTURE(Files, "opening does not empty a file, with or without leave to create it") {
    for (const bool create : {true, false}) {
      {
        const Opened file(a);
        REQUIRE(file);
        REQUIRE(file->write(0, pattern(100)) == DeviceResult::Ok);
        REQUIRE(file->sync() == DeviceResult::Ok);
      }
      const Opened again(a, create);
      REQUIRE(again);
      CHECK(again.size() == 100);
      CHECK(again.read(0, 100) == pattern(100));
    }
  }

  TEST_CASE_FIXTURE(Files, "a read that passes the end says how much there was") {
    const Opened file(a);
    REQUIRE(file);
    REQUIRE(file->write(0, pattern(100)) == DeviceResult::Ok);
    CHECK(file.read(90, 100).size() == 10);
    CHECK(file.read(100, 10).empty());
    CHECK(file.read(100'000, 10).empty());
  }

  TEST_CASE_FIXTURE(Files, "what lies between the end and a write behind it reads as zeros") {
    const Opened file(a);
    REQUIRE(file);
    REQUIRE(file->write(0, pattern(10)) == DeviceResult::Ok);
    REQUIRE(file->write(1000, pattern(10)) == DeviceResult::Ok);
    CHECK(file.size() == 1010);
    CHECK(file.read(10, 990) == Bytes(990, std::byte{0}));
  }

  TEST_CASE_FIXTURE(Files, "truncating really cuts: the rest does not come back when the file grows again") {
    const Opened file(a);
    REQUIRE(file);
    REQUIRE(file->write(0, pattern(3000)) == DeviceResult::Ok);
    CHECK(file->truncate(1000) == DeviceResult::Ok);
    CHECK(file.size() == 1000);
    CHECK(file.read(0, 3000) == pattern(1000));
    REQUIRE(file->write(2000, pattern(1)) == DeviceResult::Ok);
    CHECK(file.read(1000, 1000) == Bytes(1000, std::byte{0}));
    CHECK(file->truncate(0) == DeviceResult::Ok);
    CHECK(file.size() == 0);
  }

  TEST_CASE_FIXTURE(Files, "what was cut stays cut when the file is opened again") {
    {
      const Opened file(a);
      REQUIRE(file);
      REQUIRE(file->write(0, pattern(2000)) == DeviceResult::Ok);
      REQUIRE(file->truncate(500) == DeviceResult::Ok);
      REQUIRE(file->sync() == DeviceResult::Ok);
    }
    const Opened again(a, false);
    REQUIRE(again);
    CHECK(again.size() == 500);
  }

  TEST_CASE_FIXTURE(Files, "a file of the length that is asked for, or shorter, is not cut") {
    const Opened file(a);
    REQUIRE(file);
    REQUIRE(file->write(0, pattern(100)) == DeviceResult::Ok);
    CHECK(file->truncate(100) == DeviceResult::Ok);
    CHECK(file.read(0, 100) == pattern(100));
  }

  TEST_CASE_FIXTURE(Files, "two files are two, and both can be synced in either order") {
    const Opened first(a);
    const Opened second(b);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->write(0, pattern(50, 1)) == DeviceResult::Ok);
    CHECK(second->write(0, pattern(70, 2)) == DeviceResult::Ok);
    CHECK(second->sync() == DeviceResult::Ok);
    CHECK(first->sync() == DeviceResult::Ok);
    CHECK(first.read(0, 100) == pattern(50, 1));
    CHECK(second.read(0, 100) == pattern(70, 2));
  }

  TEST_CASE_FIXTURE(Files, "a file may be open twice, and both see what either has written") {
    const Opened first(a);
    const Opened second(a, false);
    REQUIRE(first);
    REQUIRE(second);
    REQUIRE(first->write(0, pattern(20)) == DeviceResult::Ok);
    CHECK(second.read(0, 20) == pattern(20));
    CHECK(second.size() == 20);
  }

  TEST_CASE_FIXTURE(Files, "a file that is deleted is gone, and comes back empty") {
    {
      const Opened file(a);
      REQUIRE(file);
      REQUIRE(file->write(0, pattern(100)) == DeviceResult::Ok);
      REQUIRE(file->sync() == DeviceResult::Ok);
    }
    CHECK(device.remove(a.c_str()) == DeviceResult::Ok);
    CHECK(device.find(a.c_str()) == DeviceResult::Missing);
    const Opened again(a);
    REQUIRE(again);
    CHECK(again.size() == 0);
  }

  TEST_CASE_FIXTURE(Files, "files can be opened and closed without end") {
    for (int i = 0; i < 100; ++i) {
      const Opened file(a);
      REQUIRE(file);
    }
  }

  TEST_CASE_FIXTURE(Files, "a database, its journal and temporary files are open at a time") {
    const Opened database(a);
    const Opened journal(b);
    const Opened temporary(directory.file("test.db"));
    const Opened another(directory.file("test.db-journal"));
    CHECK((database && journal && temporary && another));
  }

  TEST_CASE_FIXTURE(Files, "sectors are a power of two that SQLite takes") {
    const DeviceTraits traits = device.traits();
    CHECK(traits.sectorBytes >= 512);
    CHECK(traits.sectorBytes <= 65536);
    CHECK(std::has_single_bit(static_cast<unsigned>(traits.sectorBytes)));
  }

  TEST_CASE_FIXTURE(Files, "random numbers differ, or are refused") {
    std::array<std::byte, 16> first{};
    std::array<std::byte, 16> second{};
    if (!device.randomBytes(first)) return;
    REQUIRE(device.randomBytes(second));
    CHECK(first != second);
    CHECK(std::count(first.begin(), first.end(), first[0]) < 16);
  }

  TEST_CASE_FIXTURE(Files, "sleeping lasts as long as the steady clock says") {
    using namespace std::chrono_literals;
    const auto before = std::chrono::steady_clock::now();
    device.sleep(3ms);
    CHECK(std::chrono::steady_clock::now() - before >= 2ms);
  }

  TEST_CASE_FIXTURE(Files, "the time of day does not go back") {
    const auto first = device.timeOfDay();
    CHECK(device.timeOfDay() >= first);
    device.log("");
  }
}
