// Thousands of cycles of everything, after which memory, files and threads are what they were.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <functional>
#include <thread>

#include "support/counted_allocations.hpp"
#include "support/pool_fixture.hpp"
#include "support/process_counts.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

class NoLogger final : public Logger {
 public:
  void log(LogLevel, std::string_view, std::string_view) noexcept override {}
};

struct Footprint {
  std::int64_t sqliteBytes = sqlite3_memory_used();
  std::int64_t allocations = liveAllocations();
  std::size_t files = openFiles();
};

/// Runs the cycle a few times, so that caches fill, and then often: nothing may have grown.
void checkFlat(int cycles, const std::function<void()>& cycle) {
  const std::size_t threads = openThreads();
  for (int i = 0; i < cycles / 10 + 5; ++i) cycle();
  const Footprint before;
  for (int i = 0; i < cycles; ++i) cycle();
  const Footprint after;
  CHECK(after.sqliteBytes == before.sqliteBytes);
  CHECK(after.allocations == before.allocations);
  CHECK(after.files == before.files);
  // The system may list a thread for a moment after it was joined.
  CHECK(eventually([threads] { return openThreads() == threads; }));
}

/// A pool without anything that keeps what it hears.
struct Flat {
  Flat() {
    config.database = directory.file("test.db");
    config.poolSize = 3;
    config.housekeeping = HousekeepingMode::Manual;
    config.clock = clock;
    config.logger = std::make_shared<NoLogger>();
    config.durability = Durability::Off;
  }
  TempDirectory directory;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  ConnectionConfig config;
  ConnectionPool pool;
};

}  // namespace

TEST_SUITE("memory/flatness") {
  TEST_CASE("opening and closing leaves nothing behind") {
    Flat flat;
    flat.config.memoryLimit = 4 * MiB;
    SUBCASE("housekeeping by hand") {}
    SUBCASE("housekeeping by a thread") { flat.config.housekeeping = HousekeepingMode::Thread; }
    checkFlat(100, [&] {
      flat.pool.open(flat.config);
      flat.pool.run("CREATE TABLE IF NOT EXISTS item(id INTEGER PRIMARY KEY)");
      flat.pool.query("SELECT * FROM item");
      flat.pool.close();
    });
    CHECK(sqlite3_hard_heap_limit64(-1) == 0);
  }

  TEST_CASE("an open() that fails leaves nothing behind") {
    Flat flat;
    flat.config.memoryLimit = 4 * MiB;
    flat.config.database = flat.directory.path();
    checkFlat(500, [&] { CHECK(codeOf([&] { flat.pool.open(flat.config); }) == ErrorCode::CannotOpen); });
  }

  TEST_CASE("leases, statements, errors and transactions leave nothing behind") {
    Flat flat;
    flat.pool.open(flat.config);
    ConnectionPool& pool = flat.pool;
    pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
    pool.run("INSERT INTO item VALUES (1, 'one')");
    pool.query("SELECT 1");
    checkFlat(2000, [&] {
      { const PooledConnection lease = pool.acquire(Access::Read); }
      pool.tryAcquire();
      pool.query("SELECT * FROM item");
      pool.forEach("SELECT * FROM item", [](const RowView&) { return false; });
      pool.transaction([](Transaction& tx) {
        tx.run("UPDATE item SET name = 'two' WHERE id = 1");
        codeOf([&] { tx.transaction([](Transaction& nested) { nested.run("INSERT INTO item VALUES (1, 'x')"); }); });
      });
      codeOf([&] { pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item VALUES (2, NULL)"); }); });
      codeOf([&] { pool.query("NOT SQL"); });
      codeOf([&] { pool.query("DELETE FROM item"); });
      const PooledConnection held = pool.acquire();
      codeOf([&] { pool.acquire(Access::Write, 0ms); });
      codeOf([&] { pool.run("DELETE FROM item"); });
    });
    CHECK(pool.leases().empty());
  }

  TEST_CASE("replaced, renewed, idle, forced and failed handles leave nothing behind") {
    Flat flat;
    flat.config.leakThreshold = 1min;
    flat.pool.open(flat.config);
    ConnectionPool& pool = flat.pool;
    pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
    checkFlat(150, [&] {
      pool.acquire().discard();
      pool.acquire(Access::Read).discard();
      {
        const PooledConnection lease = pool.acquire(Access::Read);
        flat.clock->advance(2min);
        pool.tick();
        pool.forceCleanup(pool.leases().at(0).leaseId);
        codeOf([&] { lease->query("SELECT 1"); });
      }
      pool.run("CREATE TEMP TABLE scratch(x)");
      pool.acquire()->nativeHandle();
      pool.unsubscribe(pool.subscribe([](const Event&) {}));
      {
        MovedAway away(flat.config.database);
        pool.acquire(Access::Read).discard();
        codeOf([&] { pool.acquire(Access::Read, 0ms); });
      }
      flat.clock->advance(10s);
      pool.query("SELECT * FROM item");
      flat.clock->advance(2h);
      pool.tick();
      pool.checkHealth();
      pool.run("DELETE FROM item");
    });
    const PoolMetrics metrics = pool.metrics();
    CHECK(metrics.connectionsRenewed > 100);
    CHECK(metrics.connectionsRecovered > 300);
    CHECK(metrics.leasesForced > 100);
    CHECK(metrics.connectionErrors > 100);
    CHECK(metrics.connectionsIdledOut > 100);
  }

  TEST_CASE("waiting threads leave nothing behind") {
    Flat flat;
    flat.pool.open(flat.config);
    {
      PooledConnection held = flat.pool.acquire();
      std::jthread served([&] { flat.pool.acquire(Access::Write, std::chrono::minutes{1}); });
      CHECK(eventually([&] { return flat.pool.metrics().pendingRequests == 1; }));
      held.release();
    }
    checkFlat(100, [&] {
      PooledConnection held = flat.pool.acquire();
      std::jthread waiter([&] { codeOf([&] { flat.pool.acquire(Access::Write, 1ms); }); });
      std::jthread([&] { codeOf([&] { flat.pool.acquire(Access::Write, 0ms); }); }).join();
      held.release();
    });
  }
}
