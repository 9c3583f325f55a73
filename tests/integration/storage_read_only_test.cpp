// A medium that stops taking writes, as file systems do after an error of their own.

#include <doctest/doctest.h>

#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
using holdfast::testing::Failure;
using holdfast::testing::FaultyDisk;
using holdfast::testing::IoFault;

namespace {

struct Disk {
  FaultyDisk disk;
};

struct Opened : Disk, PoolFixture {
  explicit Opened(std::size_t poolSize = 2) : PoolFixture(poolSize) {
    openWithRows(3);
    CHECK(rows() == 3);
    events->clear();
  }
  void becomeReadOnly() { disk.fail({.failure = Failure::ReadOnly, .times = IoFault::kForEver}); }
  std::optional<ErrorCode> insert() {
    return codeOf([this] { pool.run("INSERT INTO item(name) VALUES ('new')"); });
  }
  std::vector<std::string> changes() const {
    std::vector<std::string> details;
    for (const Event& event : events->of(EventKind::StorageChanged)) details.push_back(event.detail);
    return details;
  }
};

}  // namespace

TEST_SUITE("integration/storage_read_only") {
  TEST_CASE("a medium that becomes read-only refuses writes, reads go on, and writes do when it can be written") {
    Opened f;
    f.becomeReadOnly();
    CHECK(f.insert() == ErrorCode::OutcomeUnknown);
    CHECK(f.pool.storageState() == StorageState::ReadOnly);
    f.clock->advance(1min);
    CHECK(f.insert() == ErrorCode::ReadOnly);  // No handle that could write can be opened.
    CHECK(f.rows() == 3);
    REQUIRE(f.changes().size() == 1);
    CHECK(contains(f.changes()[0], "readOnly (was ok)"));
    f.disk.heal();
    f.clock->advance(1min);
    CHECK_FALSE(f.insert());
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.rows() == 4);
    CHECK(f.changes().size() == 2);
  }

  TEST_CASE("housekeeping finds out by itself that a medium can be written again") {
    Opened f;
    f.becomeReadOnly();
    CHECK(f.insert() == ErrorCode::OutcomeUnknown);
    f.clock->advance(1min);
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::ReadOnly);
    f.disk.heal();
    f.clock->advance(1min);
    f.pool.tick();
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.changes().size() == 2);
  }

  TEST_CASE("read handles are opened while the medium is read-only") {
    Opened f;
    f.disk.fail({.failure = Failure::ReadOnly,
                 .role = FileRole::Database,
                 .action = FileAction::Open,
                 .times = IoFault::kForEver});
    f.pool.acquire(Access::Read).discard();
    CHECK(f.disk.refused() == 1);
    CHECK(f.rows() == 3);
    CHECK(f.pool.metrics().totalConnections == 2);
  }

  TEST_CASE("one handle for everything reads on where it can only be opened for reading, and is replaced for writing") {
    Opened f(1);
    f.disk.fail({.failure = Failure::ReadOnly,
                 .role = FileRole::Database,
                 .action = FileAction::Open,
                 .times = IoFault::kForEver});
    f.pool.acquire().discard();
    CHECK(f.rows() == 3);
    CHECK(f.insert() == ErrorCode::ReadOnly);
    CHECK(f.pool.storageState() == StorageState::ReadOnly);
    CHECK(f.insert() == ErrorCode::ReadOnly);
    CHECK(f.rows() == 3);
    f.disk.heal();
    CHECK(eventually([&] { return !f.insert(); }));
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.rows() == 4);
  }

  TEST_CASE("a database that is opened on a read-only medium is refused") {
    Opened f;
    f.pool.close();
    f.disk.fail({.failure = Failure::ReadOnly,
                 .role = FileRole::Database,
                 .action = FileAction::Open,
                 .times = IoFault::kForEver});
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::ReadOnly);
  }
}
