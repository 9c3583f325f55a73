// Damage that is met while the pool is open: who has to wait for its repair, and what of theirs goes on.

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include <holdfast/holdfast.hpp>

#include "integration/running_damage_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

TEST_SUITE("integration/running_damage_others") {
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
