// SQLite's file layer on a device.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "firmware/faulty_device.hpp"
#include "support/device_of_tests.hpp"
#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"

using holdfast::DeviceResult;
using holdfast::test::deviceOfTests;
using holdfast::test::FaultyDevice;
using holdfast::test::RawSqlite;
using holdfast::test::TempDirectory;

namespace {

sqlite3_vfs& vfs() { return *sqlite3_vfs_find(nullptr); }

/// As SQLite opens it.
class VfsFile {
 public:
  explicit VfsFile(const char* name, int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)
      : memory_(static_cast<std::size_t>(vfs().szOsFile) / sizeof(std::max_align_t) + 1),
        code(vfs().xOpen(&vfs(), name, get(), flags, nullptr)) {}
  VfsFile(const VfsFile&) = delete;
  VfsFile& operator=(const VfsFile&) = delete;
  ~VfsFile() { close(); }

  sqlite3_file* get() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }
  const sqlite3_io_methods* operator->() { return get()->pMethods; }
  void close() {
    if (get()->pMethods != nullptr) get()->pMethods->xClose(get());
    get()->pMethods = nullptr;
  }

 private:
  std::vector<std::max_align_t> memory_;

 public:
  int code;
};

struct Fixture {
  TempDirectory directory;
  std::string name = directory.file("a");
};

}  // namespace

TEST_SUITE("firmware/device_vfs") {
  TEST_CASE_FIXTURE(Fixture, "a short read is told and filled with zeros") {
    VfsFile file(name.c_str());
    REQUIRE(file.code == SQLITE_OK);
    REQUIRE(file->xWrite(file.get(), "abc", 3, 0) == SQLITE_OK);
    std::array<char, 6> bytes{'x', 'x', 'x', 'x', 'x', 'x'};
    CHECK(file->xRead(file.get(), bytes.data(), 6, 1) == SQLITE_IOERR_SHORT_READ);
    CHECK(std::memcmp(bytes.data(), "bc\0\0\0\0", 6) == 0);
    CHECK(file->xRead(file.get(), bytes.data(), 3, 0) == SQLITE_OK);
  }

  TEST_CASE_FIXTURE(Fixture, "a missing file is not opened, and is no error to look for") {
    VfsFile file(name.c_str(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_MAIN_DB);
    CHECK(file.code == SQLITE_CANTOPEN);
    int found = -1;
    CHECK(vfs().xAccess(&vfs(), name.c_str(), SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK);
    CHECK(found == 0);
    CHECK(vfs().xDelete(&vfs(), name.c_str(), 1) == SQLITE_IOERR_DELETE_NOENT);
  }

  TEST_CASE_FIXTURE(Fixture, "a file is created, found, measured, cut and deleted") {
    VfsFile file(name.c_str());
    REQUIRE(file.code == SQLITE_OK);
    REQUIRE(file->xWrite(file.get(), "abcdef", 6, 0) == SQLITE_OK);
    CHECK(file->xTruncate(file.get(), 4) == SQLITE_OK);
    CHECK(file->xSync(file.get(), SQLITE_SYNC_FULL) == SQLITE_OK);
    sqlite3_int64 size = 0;
    CHECK(file->xFileSize(file.get(), &size) == SQLITE_OK);
    CHECK(size == 4);
    int found = 0;
    CHECK(vfs().xAccess(&vfs(), name.c_str(), SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK);
    CHECK(found == 1);
    file.close();
    CHECK(vfs().xDelete(&vfs(), name.c_str(), 1) == SQLITE_OK);
  }

  TEST_CASE_FIXTURE(Fixture, "a file that is open is not deleted") {
    VfsFile one(name.c_str());
    VfsFile two(name.c_str());
    CHECK(vfs().xDelete(&vfs(), name.c_str(), 1) == SQLITE_IOERR_DELETE);
    one.close();
    CHECK(vfs().xDelete(&vfs(), name.c_str(), 1) == SQLITE_IOERR_DELETE);
    two.close();
    CHECK(vfs().xDelete(&vfs(), name.c_str(), 1) == SQLITE_OK);
  }

  TEST_CASE_FIXTURE(Fixture, "a name that is too long is refused") {
    const std::string longName(600, 'n');
    VfsFile file(longName.c_str());
    CHECK(file.code == SQLITE_CANTOPEN);
    std::array<char, 100> full{};
    CHECK(vfs().xFullPathname(&vfs(), longName.c_str(), static_cast<int>(full.size()), full.data()) == SQLITE_CANTOPEN);
  }

  TEST_CASE_FIXTURE(Fixture, "a temporary file has a name of its own and goes when it is closed") {
    constexpr int kFlags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_TEMP_JOURNAL;
    VfsFile first(nullptr, kFlags);
    VfsFile second(nullptr, kFlags);
    REQUIRE(first.code == SQLITE_OK);
    REQUIRE(second.code == SQLITE_OK);
    CHECK(first->xWrite(first.get(), "abc", 3, 0) == SQLITE_OK);
    sqlite3_int64 size = -1;
    CHECK(second->xFileSize(second.get(), &size) == SQLITE_OK);
    CHECK(size == 0);
    first.close();
    second.close();
    CHECK(deviceOfTests().find("holdfast-temporary-00000001") == DeviceResult::Missing);
  }

  TEST_CASE("a temporary file is empty, whatever a reset has left under its name") {
    constexpr int kNames = 64;  // The next ones.
    std::vector<std::string> names;
    for (int i = 1; i <= kNames; ++i) {
      std::array<char, 40> text{};
      std::snprintf(text.data(), text.size(), "holdfast-temporary-%08x", static_cast<unsigned>(i));
      VfsFile stale(names.emplace_back(text.data()).c_str());
      CHECK(stale->xWrite(stale.get(), "old", 3, 0) == SQLITE_OK);
    }
    VfsFile file(nullptr, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_TEMP_DB);
    REQUIRE(file.code == SQLITE_OK);
    sqlite3_int64 size = -1;
    CHECK(file->xFileSize(file.get(), &size) == SQLITE_OK);
    CHECK(size == 0);
    file.close();
    int left = 0;
    for (const std::string& name : names) left += deviceOfTests().remove(name.c_str()) == DeviceResult::Ok ? 1 : 0;
    CHECK(left == kNames - 1);
  }

  TEST_CASE("a temporary file that cannot be emptied is not opened") {
    FaultyDevice device(deviceOfTests());
    device.failAfter(0, 1);
    VfsFile file(nullptr, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_DELETEONCLOSE | SQLITE_OPEN_TEMP_DB);
    CHECK(file.code == SQLITE_IOERR_TRUNCATE);
    CHECK_FALSE(device.hasOpenFiles());
  }

  TEST_CASE("without random numbers SQLite does not hear that appending is safe") {
    FaultyDevice device(deviceOfTests());
    device.promises.safeAppend = true;
    const TempDirectory directory;
    for (const bool random : {true, false, true}) {
      device.hasRandomNumbers = random;
      sqlite3_randomness(0, nullptr);  // As after a reset.
      VfsFile file(directory.file("a").c_str());
      REQUIRE(file.code == SQLITE_OK);
      const auto isSafe = [&file] {
        return (file->xDeviceCharacteristics(file.get()) & SQLITE_IOCAP_SAFE_APPEND) != 0;
      };
      CHECK(isSafe() == random);
      device.hasRandomNumbers = true;  // Too late for what is being written.
      CHECK(isSafe() == random);
    }
  }

  TEST_CASE_FIXTURE(Fixture, "handles of one program keep each other out as their locks say") {
    VfsFile one(name.c_str());
    VfsFile two(name.c_str());
    VfsFile other(directory.file("b").c_str());
    const auto lock = [](VfsFile& file, int level) { return file->xLock(file.get(), level); };
    const auto unlock = [](VfsFile& file, int level) { file->xUnlock(file.get(), level); };
    CHECK(lock(one, SQLITE_LOCK_SHARED) == SQLITE_OK);
    CHECK(lock(two, SQLITE_LOCK_SHARED) == SQLITE_OK);
    CHECK(lock(one, SQLITE_LOCK_RESERVED) == SQLITE_OK);
    CHECK(lock(two, SQLITE_LOCK_RESERVED) == SQLITE_BUSY);
    int reserved = 0;
    CHECK(two->xCheckReservedLock(two.get(), &reserved) == SQLITE_OK);
    CHECK(reserved == 1);
    CHECK(lock(one, SQLITE_LOCK_EXCLUSIVE) == SQLITE_BUSY);  // Pending now.
    unlock(two, SQLITE_LOCK_NONE);
    CHECK(lock(two, SQLITE_LOCK_SHARED) == SQLITE_BUSY);
    CHECK(lock(one, SQLITE_LOCK_EXCLUSIVE) == SQLITE_OK);
    CHECK(lock(two, SQLITE_LOCK_SHARED) == SQLITE_BUSY);
    CHECK(lock(other, SQLITE_LOCK_EXCLUSIVE) == SQLITE_OK);
    unlock(one, SQLITE_LOCK_SHARED);
    CHECK(lock(two, SQLITE_LOCK_SHARED) == SQLITE_OK);
    unlock(one, SQLITE_LOCK_NONE);
    CHECK(lock(two, SQLITE_LOCK_EXCLUSIVE) == SQLITE_OK);
    unlock(two, SQLITE_LOCK_NONE);
  }

  TEST_CASE_FIXTURE(Fixture, "two handles on a database take turns") {
    RawSqlite one(name);
    RawSqlite two(name);
    one.run("CREATE TABLE t(x)");
    one.run("BEGIN IMMEDIATE");
    one.run("INSERT INTO t VALUES (1)");
    CHECK(two.tryRun("INSERT INTO t VALUES (2)") == SQLITE_BUSY);
    one.run("COMMIT");
    CHECK(two.tryRun("INSERT INTO t VALUES (2)") == SQLITE_OK);
    CHECK(one.integer("SELECT count(*) FROM t") == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "what the device promises is what SQLite hears") {
    VfsFile file(name.c_str());
    REQUIRE(file.code == SQLITE_OK);
    const auto traits = deviceOfTests().traits();
    CHECK(file->xSectorSize(file.get()) == traits.sectorBytes);
    const int heard = file->xDeviceCharacteristics(file.get());
    CHECK(((heard & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0) == traits.powersafeOverwrite);
    CHECK(((heard & SQLITE_IOCAP_SAFE_APPEND) != 0) == traits.safeAppend);
    CHECK(((heard & SQLITE_IOCAP_SEQUENTIAL) != 0) == traits.sequential);
    CHECK(file->xFileControl(file.get(), SQLITE_FCNTL_HAS_MOVED, nullptr) == SQLITE_NOTFOUND);
  }

  TEST_CASE("failures of the medium have SQLite's codes") {
    FaultyDevice device(deviceOfTests());
    const TempDirectory directory;
    VfsFile file(directory.file("a").c_str());
    REQUIRE(file.code == SQLITE_OK);
    device.failAfter(0);
    CHECK(file->xWrite(file.get(), "abc", 3, 0) == SQLITE_IOERR_WRITE);
    CHECK(file->xTruncate(file.get(), 0) == SQLITE_IOERR_TRUNCATE);
    CHECK(file->xSync(file.get(), SQLITE_SYNC_NORMAL) == SQLITE_IOERR_FSYNC);
    CHECK(vfs().xDelete(&vfs(), directory.file("b").c_str(), 0) == SQLITE_IOERR_DELETE);
    device.failAfter(0, FaultyDevice::kForEver, DeviceResult::Full);
    CHECK(file->xWrite(file.get(), "abc", 3, 0) == SQLITE_FULL);
    // From these SQLite would conclude that COMMIT has not taken effect.
    CHECK(file->xTruncate(file.get(), 0) == SQLITE_IOERR_TRUNCATE);
    CHECK(file->xSync(file.get(), SQLITE_SYNC_NORMAL) == SQLITE_IOERR_FSYNC);
    CHECK(vfs().xDelete(&vfs(), directory.file("b").c_str(), 0) == SQLITE_IOERR_DELETE);
    device.failAfter(0, FaultyDevice::kForEver, DeviceResult::NoMemory);
    CHECK(file->xSync(file.get(), SQLITE_SYNC_NORMAL) == SQLITE_IOERR_NOMEM);
    device.work();
  }

  TEST_CASE("time, sleep and random numbers are the device's") {
    std::array<char, 8> first{};
    std::array<char, 8> second{};
    CHECK(vfs().xRandomness(&vfs(), 8, first.data()) == 8);
    CHECK(vfs().xRandomness(&vfs(), 8, second.data()) == 8);
    CHECK(first != second);
    CHECK(vfs().xSleep(&vfs(), 10) == 10);
    sqlite3_int64 time = 0;
    CHECK(vfs().xCurrentTimeInt64(&vfs(), &time) == SQLITE_OK);
    CHECK(time >= 210'866'760'000'000);
    CHECK(vfs().xGetLastError(&vfs(), 0, nullptr) == 0);
  }
}
