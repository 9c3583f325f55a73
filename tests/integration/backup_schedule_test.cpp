// Backups that are made by themselves, on a clock that stands still.

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include <holdfast/holdfast.hpp>

#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

namespace {

struct ScheduleFixture : PoolFixture {
  ScheduleFixture() {
    config.backup.path = directory.file("nightly.db");
    config.backup.interval = 10h;
    config.maxConnectionAge = 0ms;
  }
  std::uint64_t backups() const { return pool.metrics().backups; }
  void after(std::chrono::milliseconds time) {
    clock->advance(time);
    pool.tick();
  }
};

}  // namespace

TEST_SUITE("integration/backup_schedule") {
  TEST_CASE("the first backup is made at once, and then one each interval") {
    ScheduleFixture f;
    f.openWithRows(1);
    CHECK(f.backups() == 0);
    f.after(0ms);
    CHECK(f.backups() == 1);
    CHECK(fs::exists(f.config.backup.path));
    f.after(10h - 1ms);
    CHECK(f.backups() == 1);
    f.after(1ms);
    CHECK(f.backups() == 2);
    CHECK(fs::exists(f.config.backup.path + ".1"));
  }

  TEST_CASE("where a backup is there already the next one comes a tenth of the interval after the start") {
    ScheduleFixture f;
    f.openWithRows(1);
    f.after(0ms);
    f.reopen();
    f.after(1h - 1ms);
    CHECK(f.backups() == 0);
    f.after(1ms);
    CHECK(f.backups() == 1);
    f.after(10h - 1ms);
    CHECK(f.backups() == 1);
  }

  TEST_CASE("one that fails is told and tried again after a tenth of the interval") {
    ScheduleFixture f;
    f.config.backup.path = f.directory.file("missing/nightly.db");
    f.openWithRows(1);
    f.after(0ms);
    CHECK(f.pool.metrics().backupFailures == 1);
    CHECK(f.events->count(EventKind::BackupFailed) == 1);
    CHECK(f.logger->contains("no backup could be made"));
    fs::create_directory(f.directory.file("missing"));
    f.after(1h - 1ms);
    CHECK(f.backups() == 0);
    f.after(1ms);
    CHECK(f.backups() == 1);
  }

  TEST_CASE("without a path none is made") {
    ScheduleFixture f;
    f.config.backup.path.clear();
    f.openWithRows(1);
    f.after(24h);
    CHECK(f.backups() == 0);
  }

  TEST_CASE("the pool's own thread makes them beside the rest of housekeeping, and close() ends one under way") {
    const Watchdog watchdog("scheduled backup");
    ScheduleFixture f;
    f.config.housekeeping = HousekeepingMode::Thread;
    f.config.housekeepingInterval = 10ms;
    f.open();
    CHECK(eventually([&] { return f.backups() == 1; }));
    f.clock->advance(10h);
    CHECK(eventually([&] { return f.backups() == 2; }));
    f.clock->advance(10h);
    f.pool.close();
    CHECK_FALSE(fs::exists(f.config.backup.path + ".part"));
    CHECK(RawSqlite(f.config.backup.path).text("PRAGMA integrity_check") == "ok");
  }

  TEST_CASE("a listener of a backup's event may not close the pool that waits for it") {
    const Watchdog watchdog("close in a listener");
    ScheduleFixture f;
    f.config.housekeeping = HousekeepingMode::Thread;
    f.config.housekeepingInterval = 10ms;
    std::atomic<bool> asked{false};
    std::optional<ErrorCode> code;
    f.pool.subscribe([&](const Event& event) {
      if (event.kind != EventKind::BackupMade || asked) return;
      code = codeOf([&] { f.pool.close(); });
      asked = true;
    });
    f.open();
    CHECK(eventually([&] { return asked.load(); }));
    CHECK(code == ErrorCode::Misuse);
    CHECK(f.pool.isOpen());
  }
}
