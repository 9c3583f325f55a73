// Damage that is met while the pool is open: confirmed, repaired, told of, and the pool serves again.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include <holdfast/holdfast.hpp>

#include "integration/start_up_fixture.hpp"
#include "support/child_process.hpp"
#include "support/faulty_vfs.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kDamagedPage = 20;

struct Running : StartUpFixture {
  explicit Running(bool withBackup = true) {
    withBackup ? makeWithBackup() : make();
    config.closeTimeout = 200ms;
  }
  void start() {
    open();
    events->clear();
  }
  /// By another process: closing a file of one's own would drop SQLite's locks on it.
  template <typename F>
  void damage(F&& apply) const {
    REQUIRE(inChild([&] {
              apply(config.database);
              return 0;
            }) == 0);
  }
  void damagePage() const {
    damage([](const std::string& path) {
      overwrite(path, (kDamagedPage - 1) * kPageBytes, std::string(kPageBytes, '\0'));
    });
  }
  std::optional<ErrorCode> readAll() {
    return codeOf([this] { pool.query("SELECT * FROM item NOT INDEXED"); });
  }
  std::optional<ErrorCode> insert() {
    return codeOf([this] { pool.run("INSERT INTO item(name) VALUES ('new')"); });
  }
  void letTimePass() { clock->advance(1h); }
};

}  // namespace

TEST_SUITE("integration/running_damage") {
  TEST_CASE("damage that a read meets is repaired by the next round, and what was done is told") {
    Running f;
    f.start();
    f.damagePage();
    const std::string damaged = fileContent(f.config.database);
    CHECK(f.readAll() == ErrorCode::Corrupt);
    CHECK(f.pool.storageState() == StorageState::Damaged);
    const auto refused = errorOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('x')"); });
    REQUIRE(refused.has_value());
    CHECK(refused->code() == ErrorCode::Corrupt);
    CHECK(contains(refused->what(), "takes no writes"));
    CHECK(codeOf([&] { f.pool.run("CREATE TABLE other(x)"); }) == ErrorCode::Corrupt);
    CHECK(codeOf([&] { f.pool.transaction([](Transaction&) {}); }) == ErrorCode::Corrupt);
    CHECK(codeOf([&] { f.pool.acquire()->run("DELETE FROM item"); }) == ErrorCode::Corrupt);
    CHECK(f.pool.queryValue<std::string>("SELECT name FROM item WHERE id = 1").has_value());
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.rows() == kRows);
    CHECK_FALSE(f.insert());
    CHECK(f.events->count(EventKind::DamageFound) == 1);
    CHECK(f.events->count(EventKind::DatabaseRecovered) == 1);
    CHECK(f.events->count(EventKind::StorageChanged) == 2);
    CHECK(f.logger->contains("has been restored from"));
    const PoolMetrics metrics = f.pool.metrics();
    CHECK(metrics.recoveryTook[static_cast<std::size_t>(RecoveryCause::Damaged)].count() > 0);
    CHECK(metrics.storageState == StorageState::Ok);
    const HealthReport health = f.pool.checkHealth();
    CHECK(health.healthy);
    REQUIRE(health.recovery.has_value());
    CHECK(health.recovery->action == RecoveryAction::Restored);
    CHECK(health.recovery->backup == f.backup);
    CHECK(health.recovery->took.count() > 0);
    REQUIRE_FALSE(health.recovery->quarantined.empty());
    CHECK(health.recovery->quarantined.front() == f.quarantined());
    CHECK(fileContent(f.quarantined()) == damaged);
    f.pool.close();
    CHECK(f.isSound());
  }

  TEST_CASE("a backup of before a migration is brought up to date, and its fewer commits are not missed") {
    Running f;
    f.config.commitNoteInterval = 1h;
    f.config.migrations = makeMigrator(
        {.steps = {{.version = 1, .name = "one", .sql = {"CREATE TABLE one(x)"}},
                   {.version = 2, .name = "two", .sql = {"CREATE TABLE two(x)"}},
                   {.version = 3, .name = "three", .sql = {"CREATE TABLE three(x)"}},
                   {.version = 4, .name = "units", .sql = {"ALTER TABLE item ADD COLUMN unit TEXT DEFAULT 'K'"}}},
         .backup = false,
         .adoptUserVersion = true});
    f.start();
    CHECK_FALSE(f.insert());
    f.pool.checkpoint();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.pool.queryValue<std::string>("SELECT unit FROM item WHERE id = 1") == "K");
    CHECK(f.pool.migrationStatus().contract.version == 4);
    CHECK_FALSE(f.insert());
    f.pool.close();
    CHECK(f.pool.open(f.config).commitsMissing == 0);
  }

  TEST_CASE("the housekeeper does not wait for its next round") {
    const Watchdog watchdog("damage is not repaired");
    Running f;
    f.config.housekeeping = HousekeepingMode::Thread;
    f.config.housekeepingInterval = 1h;
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    CHECK(eventually([&] { return f.pool.storageState() == StorageState::Ok; }));
    CHECK(f.rows() == kRows);
    CHECK_FALSE(f.insert());
  }

  TEST_CASE("callers wait for the repair and are served by the restored database") {
    const Watchdog watchdog("callers are not served after a repair");
    Running f;
    f.config.housekeeping = HousekeepingMode::Thread;
    f.config.acquireTimeout = 60s;
    f.start();
    std::atomic<bool> damaged{false};
    std::atomic<int> served{0};
    {
      std::vector<std::thread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
          bool afterwards = false;
          while (!afterwards) {
            const bool before = damaged && f.events->count(EventKind::DatabaseRecovered) > 0;
            const auto code = i % 2 == 0 ? f.readAll() : f.insert();
            afterwards = before && !code;
          }
          ++served;
        });
      }
      f.damagePage();
      damaged = true;
      for (std::thread& thread : threads) thread.join();
    }
    CHECK(served == 4);
    CHECK(f.pool.verify(VerifyDepth::Full).isSound());
  }

  TEST_CASE("what met a passing error is found sound, and nothing is replaced") {
    FaultyVfs disk;
    Running f;
    f.start();
    CHECK(f.rows() == kRows + 1);
    RawSqlite(f.config.database).run("CREATE TABLE theirs(x)");  // So that pages have to be read again.
    disk.fail(FileRole::Log, FileAction::Read, SQLITE_CORRUPT);
    CHECK(f.readAll() == ErrorCode::Corrupt);
    CHECK(f.pool.storageState() == StorageState::Damaged);
    CHECK(f.insert().has_value());
    disk.heal();
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK_FALSE(f.insert());
    CHECK(f.events->count(EventKind::DatabaseRecovered) == 0);
    CHECK_FALSE(fs::exists(f.quarantined()));
    CHECK_FALSE(f.pool.checkHealth().recovery.has_value());
  }

  TEST_CASE("a medium that cannot be read is no damage, however often it is asked") {
    FaultyVfs disk;
    Running f;
    f.start();
    RawSqlite(f.config.database).run("CREATE TABLE theirs(x)");
    disk.fail(FileRole::Log, FileAction::Read, SQLITE_CORRUPT, 0, 1);
    CHECK(f.readAll() == ErrorCode::Corrupt);
    disk.fail(FileRole::Database, FileAction::Read, SQLITE_IOERR_READ);
    for (int i = 0; i < 3; ++i) {
      f.letTimePass();
      f.pool.tick();
      CHECK(f.pool.storageState() == StorageState::Damaged);
    }
    CHECK_FALSE(fs::exists(f.quarantined()));
    disk.heal();
    f.letTimePass();
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.rows() == kRows + 1);
  }

  TEST_CASE("an index that does not match its table is built anew, and nothing is lost") {
    Running f;
    {
      RawSqlite raw(f.config.database);
      raw.run("PRAGMA writable_schema=ON");
      raw.run("CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'by_name'");
      raw.run("DELETE FROM sqlite_schema WHERE name = 'by_name'");
    }
    {
      RawSqlite raw(f.config.database);
      raw.run("INSERT INTO item(name) VALUES ('unindexed')");
      raw.run("PRAGMA writable_schema=ON");
      raw.run("INSERT INTO sqlite_schema SELECT * FROM kept");
    }
    f.start();
    CHECK(codeOf([&] { f.pool.run("DELETE FROM item WHERE id = (SELECT max(id) FROM item)"); }) == ErrorCode::Corrupt);
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    const HealthReport health = f.pool.checkHealth();
    REQUIRE(health.recovery.has_value());
    CHECK(health.recovery->action == RecoveryAction::Reindexed);
    CHECK(f.rows() == kRows + 2);
    CHECK_FALSE(codeOf([&] { f.pool.run("DELETE FROM item WHERE id = (SELECT max(id) FROM item)"); }));
  }

  TEST_CASE("without a backup what can be read is kept") {
    Running f(false);
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    f.pool.tick();
    const HealthReport health = f.pool.checkHealth();
    REQUIRE(health.recovery.has_value());
    CHECK(health.recovery->action == RecoveryAction::Salvaged);
    CHECK(f.rows() == static_cast<std::int64_t>(health.recovery->salvage.rowsKept));
    CHECK(f.rows() > kRows / 2);
    CHECK_FALSE(f.insert());
  }

  TEST_CASE("where it is not to be repaired while it is open, reads go on until the next start repairs it") {
    Running f;
    SUBCASE("by repairWhileOpen") { f.config.repairWhileOpen = false; }
    SUBCASE("by repairAtOpen") { f.config.repairAtOpen = false; }
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    for (int i = 0; i < 3; ++i) {
      f.pool.tick();
      f.letTimePass();
    }
    CHECK(f.pool.storageState() == StorageState::Damaged);
    CHECK(f.insert() == ErrorCode::Corrupt);
    CHECK(f.pool.queryValue<std::string>("SELECT name FROM item WHERE id = 1").has_value());
    CHECK_FALSE(f.pool.checkHealth().healthy);
    CHECK_FALSE(fs::exists(f.quarantined()));
    f.pool.close();
    CHECK(fs::exists(f.config.database + "-wal"));  // By which the next start knows.
    f.config.repairAtOpen = true;
    CHECK(f.pool.open(f.config).recovery.action == RecoveryAction::Restored);
    CHECK(f.rows() == kRows);
    CHECK_FALSE(f.insert());
  }

  TEST_CASE("a lease that runs a statement is forced, one that is idle is waited for") {
    const Watchdog watchdog("a lease keeps the pool from being repaired");
    Running f;
    f.start();
    Gate leased;
    Gate released;
    std::optional<ErrorCode> ended;
    std::thread busy([&] {
      auto lease = f.pool.acquire(Access::Read);
      leased.open();
      ended = codeOf([&] {
        lease->query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
      });
      lease.release();
    });
    leased.pass();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    f.pool.tick();
    busy.join();
    CHECK(ended == ErrorCode::LeaseRevoked);
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.pool.metrics().leasesForced == 1);

    Gate again;
    std::thread idle([&] {
      auto lease = f.pool.acquire(Access::Read);
      again.open();
      released.pass();
    });
    again.pass();
    f.damagePage();
    f.letTimePass();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Damaged);
    CHECK(f.logger->contains("once no lease is out any more"));
    CHECK(f.pool.queryValue<std::string>("SELECT name FROM item WHERE id = 1").has_value());
    released.open();
    idle.join();
    f.letTimePass();
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.rows() == kRows);
  }

  TEST_CASE("who holds a lease itself cannot repair") {
    Running f;
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    {
      const auto lease = f.pool.acquire(Access::Read);
      f.pool.tick();
      CHECK(f.pool.storageState() == StorageState::Damaged);
    }
    f.letTimePass();
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
  }

  TEST_CASE("another process that has it open is waited for") {
    Running f;
    f.start();
    {
      RawSqlite other(f.config.database);
      other.integer("SELECT count(*) FROM sqlite_schema");
      f.damagePage();
      CHECK(f.readAll() == ErrorCode::Corrupt);
      f.pool.tick();
      CHECK(f.pool.storageState() == StorageState::Damaged);
      CHECK(f.logger->contains("another process"));
      CHECK_FALSE(fs::exists(f.quarantined()));
    }
    f.letTimePass();
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.rows() == kRows);
  }

  TEST_CASE("a file that was emptied is lost and not new") {
    Running f;
    SUBCASE("with a backup it is restored") {
      f.start();
      f.damage([](const std::string& path) { cutFile(path, 0); });
      CHECK(f.readAll().has_value());
      f.pool.tick();
      CHECK(f.pool.storageState() == StorageState::Ok);
      CHECK(f.rows() == kRows);
      REQUIRE(f.pool.checkHealth().recovery.has_value());
      CHECK(f.pool.checkHealth().recovery->cause == RecoveryCause::Lost);
    }
    SUBCASE("without one it stays refused") {
      f.config.backup.path.clear();
      f.start();
      f.damage([](const std::string& path) { cutFile(path, 0); });
      CHECK(f.readAll().has_value());
      f.pool.tick();
      CHECK(f.pool.storageState() == StorageState::Damaged);
      CHECK(f.insert().has_value());
      CHECK(fs::file_size(f.config.database) == 0);
    }
  }

  TEST_CASE("what nothing can be read of is left as it is") {
    Running f(false);
    f.start();
    f.damage([](const std::string& path) { writeFile(path, std::string(50'000, '\x5a')); });
    CHECK(f.readAll().has_value());
    f.pool.tick();
    f.letTimePass();
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Damaged);
    CHECK(f.insert().has_value());
    CHECK(fileContent(f.config.database) == std::string(50'000, '\x5a'));
    CHECK_FALSE(fs::exists(f.quarantined()));
    CHECK(f.logger->contains("could not be repaired"));
  }

  TEST_CASE("where nothing helps what can be read is read by handles that write nothing") {
    Running f(false);
    f.config.salvage = false;
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    const std::string damaged = fileContent(f.config.database);
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Damaged);
    CHECK(f.pool.queryValue<std::string>("SELECT name FROM item WHERE id = 1").has_value());
    CHECK(f.insert() == ErrorCode::Corrupt);
    const HealthReport health = f.pool.checkHealth();
    REQUIRE(health.recovery.has_value());
    CHECK(health.recovery->action == RecoveryAction::OpenedReadOnly);
    CHECK(health.storageState == StorageState::Damaged);
    f.pool.close();
    CHECK(fileContent(f.config.database) == damaged);
  }

  TEST_CASE("caches and observers learn that everything may have changed") {
    Running f;
    f.start();
    std::atomic<int> calls{0};
    const Observation observation = f.pool.observe({"item"}, [&] { ++calls; });
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    f.pool.tick();
    CHECK(calls >= 1);
  }

  TEST_CASE("posted work that was refused meanwhile is written afterwards") {
    Running f;
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    auto posted = f.pool.post([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('posted')"); });
    CHECK(codeOf([&] { f.pool.flush(); }) == ErrorCode::Corrupt);
    f.pool.tick();
    f.pool.flush();
    posted.get();
    CHECK(f.rows() == kRows + 1);
  }

  TEST_CASE("a backup under way is ended and the next one is made by schedule") {
    Running f;
    f.config.backup.interval = 1min;
    f.start();
    f.damagePage();
    CHECK(f.readAll() == ErrorCode::Corrupt);
    f.pool.tick();
    f.letTimePass();
    f.pool.tick();
    CHECK(f.events->count(EventKind::BackupMade) == 1);
  }
}
