// Media without space: found out in time by a reserve and a quota, or by what the medium says.

#include <doctest/doctest.h>

#include <filesystem>

#include <holdfast/units.hpp>

#include "core/port/storage.hpp"
#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/small_file_system.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
using holdfast::testing::Failure;
using holdfast::testing::FaultyDisk;
using holdfast::testing::IoFault;
namespace fs = std::filesystem;

namespace {

struct Fixture : PoolFixture {
  Fixture() : PoolFixture(2) {}
  std::optional<ErrorCode> insert(int bytes = 100, Priority priority = Priority::Telemetry) {
    const auto add = [bytes](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES (zeroblob(?))", bytes); };
    return codeOf([&] { pool.transaction(add, {.priority = priority}); });
  }
  std::optional<ErrorCode> removeAll() {
    return codeOf([&] {
      pool.transaction([](Transaction& tx) { tx.run("DELETE FROM item"); }, {.priority = Priority::Control});
    });
  }
  std::vector<std::string> changes() const {
    std::vector<std::string> details;
    for (const Event& event : events->of(EventKind::StorageChanged)) details.push_back(event.detail);
    return details;
  }
};

/// A file system of 4 MiB, where the machine allows it.
struct Card : Fixture {
  Card() : small(directory.file("small"), "4m") { config.database = small.file("test.db"); }
  ~Card() {
    if (pool.isOpen()) pool.close();  // Before the file system goes.
  }
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;
  std::string filler() const { return small.file("filler"); }
  /// Leaves so many bytes free.
  void fill(std::int64_t left) const {
    REQUIRE(port::occupySpace(filler().c_str(), port::storageSpace(small.file("").c_str()).freeBytes - left) == 0);
  }
  SmallFileSystem small;
};

void saySkipped() { MESSAGE("not possible here: mounting needs the superuser"); }

}  // namespace

TEST_SUITE("integration/storage_full") {
  TEST_CASE("a medium that says that it is full is, until a write reaches it") {
    FaultyDisk disk;
    Fixture f;
    f.openWithRows(3);
    CHECK(f.rows() == 3);
    disk.fail({.failure = Failure::NoSpace, .times = IoFault::kForEver});
    CHECK(f.insert() == ErrorCode::StorageFull);
    CHECK(f.pool.storageState() == StorageState::Full);
    CHECK(f.insert() == ErrorCode::StorageFull);
    CHECK(f.rows() == 3);
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Full);
    REQUIRE(f.changes().size() == 1);
    CHECK(contains(f.changes()[0], "full (was ok): storage full"));
    disk.heal();
    SUBCASE("which the next one does") {
      CHECK_FALSE(f.insert());
      CHECK(f.rows() == 4);
    }
    SUBCASE("which is tried by housekeeping while nobody writes") { f.pool.tick(); }
    SUBCASE("by a single statement, too") { f.pool.run("DELETE FROM item"); }
    CHECK(f.pool.storageState() == StorageState::Ok);
    REQUIRE(f.changes().size() == 2);
    CHECK(contains(f.changes()[1], "ok (was full)"));
  }

  TEST_CASE("a transaction that changed nothing proves nothing") {
    FaultyDisk disk;
    Fixture f;
    f.openWithRows(3);
    CHECK(f.rows() == 3);
    disk.fail({.failure = Failure::NoSpace, .times = IoFault::kForEver});
    CHECK(f.insert() == ErrorCode::StorageFull);
    f.pool.transaction([](Transaction& tx) { tx.run("DELETE FROM item WHERE id = 1000"); });
    f.pool.run("DELETE FROM item WHERE id = 1000");
    CHECK(f.pool.storageState() == StorageState::Full);
  }

  TEST_CASE("below the reserve writes are refused before the medium is full, but for those that make room") {
    Fixture f;
    f.openWithRows(3);
    f.pool.close();
    f.config.storageReserve = 1024 * GiB;
    f.open();
    const auto error = errorOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('new')"); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::StorageFull);
    CHECK(error->recovery() == Recovery::FreeSpace);
    CHECK(contains(error->what(), "storageReserve"));
    CHECK(contains(error->what(), "Priority::Control"));
    CHECK(f.insert() == ErrorCode::StorageFull);
    CHECK(f.rows() == 3);
    CHECK_FALSE(f.removeAll());
    f.pool.with({.priority = Priority::Control}).run("INSERT INTO item(name) VALUES ('control')");
    CHECK(f.rows() == 1);
    CHECK(f.pool.storageState() == StorageState::Full);
    CHECK(f.pool.metrics().storageRefusals == 2);
  }

  TEST_CASE("the quota bounds the database and its log, and rows that are deleted make room") {
    Fixture f;
    f.config.storageQuota = 512 * KiB;
    f.openWithRows(0);
    int stored = 0;
    while (stored < 10'000 && !f.insert(4000)) ++stored;
    CHECK(stored > 20);
    CHECK(stored < 260);  // What is written within a millisecond may pass it.
    CHECK(f.pool.storageState() == StorageState::Full);
    const auto error = errorOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('new')"); });
    REQUIRE(error);
    CHECK(contains(error->what(), "storageQuota"));
    CHECK(f.rows() == stored);
    CHECK_FALSE(f.removeAll());
    CHECK_FALSE(f.insert(4000));
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.changes().size() == 2);
    f.pool.close();
    CHECK(fs::file_size(f.config.database) < 1024 * 1024);
  }

  TEST_CASE("a file system that fills up to the reserve is full, and not any more when there is room") {
    Card f;
    if (!f.small) return saySkipped();
    f.config.storageReserve = MiB;
    f.openWithRows(3);
    CHECK_FALSE(f.insert());
    f.fill(600 * KiB);
    CHECK(eventually([&] { return f.insert() == ErrorCode::StorageFull; }));
    CHECK(f.rows() >= 4);
    CHECK_FALSE(f.removeAll());
    fs::remove(f.filler());
    CHECK_FALSE(f.insert());
    CHECK(f.pool.storageState() == StorageState::Ok);
    f.fill(600 * KiB);
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Full);
    fs::remove(f.filler());
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
  }

  TEST_CASE("the ballast is given up so that rows can be deleted on a full medium, and laid out again later") {
    Card f;
    if (!f.small) return saySkipped();
    f.config.storageReserve = 256 * KiB;
    f.config.ballastSize = MiB;
    f.openWithRows(0);
    const std::string ballast = f.config.database + "-ballast";
    CHECK(fs::file_size(ballast) == MiB);
    for (int i = 0; i < 50; ++i) CHECK_FALSE(f.insert(10'000));
    f.pool.checkpoint();
    f.fill(0);
    CHECK(eventually([&] { return f.insert() == ErrorCode::StorageFull; }));
    CHECK_FALSE(fs::exists(ballast));
    CHECK(f.insert() == ErrorCode::StorageFull);  // What it gave up is for making room.
    CHECK_FALSE(f.removeAll());
    f.pool.tick();
    CHECK_FALSE(fs::exists(ballast));
    fs::remove(f.filler());
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    f.pool.tick();
    CHECK(fs::file_size(ballast) == MiB);
    CHECK_FALSE(f.insert());
  }

  TEST_CASE("without room for the ballast the database opens and says so") {
    Fixture f;
    f.config.ballastSize = 1024 * GiB;
    const OpenReport report = f.pool.open(f.config);
    REQUIRE(report.warnings.size() == 1);
    CHECK(contains(report.warnings[0], "ballast"));
  }

  TEST_CASE("a ballast of another size is laid out anew, one of the same size stays") {
    Fixture f;
    f.config.ballastSize = 64 * KiB;
    f.open();
    const std::string ballast = f.config.database + "-ballast";
    const auto inode = port::fileIdentity(ballast.c_str()).inode;
    f.reopen();
    CHECK(port::fileIdentity(ballast.c_str()).inode == inode);
    f.pool.close();
    f.config.ballastSize = 128 * KiB;
    f.open();
    CHECK(fs::file_size(ballast) == 128 * KiB);
  }
}
