// open(), close(), open() again, leases that outlive the pool, and the housekeeping thread.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <thread>

#include "support/child_process.hpp"
#include "support/no_more_threads.hpp"
#include "support/pool_fixture.hpp"
#include "support/process_counts.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

/// Destroys a pool while the lease that `take` took is out, and looks at what is left when that ends.
template <typename F>
void checkOutlivingLease(HousekeepingMode housekeeping, F&& take) {
  const Watchdog watchdog("a pool that goes before its lease");
  const TempDirectory directory;
  ConnectionConfig config;
  config.database = directory.file("test.db");
  config.closeTimeout = std::chrono::milliseconds{0};
  config.memoryLimit = 4 * MiB;
  config.housekeeping = housekeeping;
  config.logger = std::make_shared<RecordingLogger>();
  ConnectionPool(config).run("CREATE TABLE item(id INTEGER PRIMARY KEY)");  // What happens once, happens here.
  const std::size_t files = openFiles();
  const std::size_t threads = openThreads();
  PooledConnection lease;
  {
    ConnectionPool pool(config);
    lease = take(pool);
  }
  CHECK(eventually([&] { return openThreads() == threads; }));
  CHECK(lease->run("INSERT INTO item VALUES (1)").changes == 1);
  CHECK(lease->query("SELECT * FROM item").size() == 1);
  lease.release();
  CHECK(openFiles() == files);
  CHECK(eventually([&] { return openThreads() == threads; }));
  CHECK(sqlite3_hard_heap_limit64(-1) == 0);
  CHECK(sqlite3_soft_heap_limit64(-1) == 0);
}

}  // namespace

TEST_SUITE("pool/lifecycle") {
  TEST_CASE("a closed pool opens again, with another configuration and another file") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    ConnectionPool& pool = fixture.pool;
    pool.close();
    CHECK_FALSE(pool.isOpen());
    CHECK(codeOf([&] { fixture.rows(); }) == ErrorCode::PoolClosed);
    pool.close();
    fixture.config.poolSize = 5;
    fixture.open();
    CHECK(fixture.rows() == 3);
    CHECK(pool.metrics().poolSize == 5);
    CHECK(codeOf([&] { fixture.open(); }) == ErrorCode::Misuse);
    CHECK(fixture.rows() == 3);
    pool.close();
    fixture.config.database = fixture.directory.file("other.db");
    fixture.open();
    CHECK(codeOf([&] { fixture.rows(); }) == ErrorCode::InvalidSql);
  }

  TEST_CASE("metrics count since open()") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    for (int i = 0; i < 200; ++i) fixture.rows();
    fixture.pool.acquire().discard();
    fixture.pool.close();
    fixture.open();
    const PoolMetrics metrics = fixture.pool.metrics();
    CHECK(metrics.connectionsCreated == 1);
    CHECK(metrics.acquires == 0);
    CHECK(metrics.totalQueries == 0);
    CHECK(metrics.transactionsCommitted == 0);
    CHECK(metrics.connectionsRecovered == 0);
    CHECK(metrics.recoveryLatency.count == 0);
    CHECK(metrics.queryLatency.count == 0);
  }

  TEST_CASE("close() leaves one file behind, with everything in it") {
    PoolFixture fixture(4);
    fixture.openWithRows(300);
    fixture.rows();
    fixture.pool.close();
    CHECK_FALSE(std::filesystem::exists(fixture.config.database + "-wal"));
    CHECK_FALSE(std::filesystem::exists(fixture.config.database + "-shm"));
    fixture.open();
    CHECK(fixture.rows() == 300);
  }

  TEST_CASE("close() waits for leases and turns waiters away") {
    PoolFixture fixture(2);
    fixture.config.closeTimeout = 20s;
    fixture.openWithRows(1);
    ConnectionPool& pool = fixture.pool;
    const Watchdog watchdog("close() and its waiters");
    PooledConnection held = pool.acquire();
    std::optional<ErrorCode> waiter;
    std::optional<ErrorCode> closing;
    std::jthread waiting([&] { waiter = codeOf([&] { pool.acquire(Access::Write, kPatience); }); });
    REQUIRE(eventually([&] { return pool.metrics().pendingRequests == 1; }));
    std::jthread closer([&] { closing = codeOf([&] { pool.close(); }); });
    waiting.join();
    CHECK(waiter == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { pool.acquire(Access::Read); }) == ErrorCode::PoolClosed);
    CHECK(held->run("DELETE FROM item").changes == 1);
    held.release();
    closer.join();
    CHECK_FALSE(closing);
    fixture.open();
    CHECK(fixture.rows() == 0);
  }

  TEST_CASE("close() interrupts what is still out after closeTimeout, and names it") {
    PoolFixture fixture(2);
    fixture.config.closeTimeout = 10ms;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    const Watchdog watchdog("close() and a running statement");
    Gate running;
    std::optional<ErrorCode> code;
    std::uint64_t id = 0;
    std::jthread holder([&] {
      const PooledConnection lease = pool.acquire(Access::Read);
      id = lease->id();
      sqlite3_progress_handler(
          lease->nativeHandle(), 1000,
          [](void* gate) {
            static_cast<Gate*>(gate)->open();
            return 0;
          },
          &running);
      code = codeOf([&] {
        lease->query(
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000000000) "
            "SELECT count(*) FROM c");
      });
    });
    REQUIRE(running.pass());
    const std::optional<Error> error = errorOf([&] { pool.close(); });
    holder.join();
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::Timeout);
    CHECK(contains(error->what(), "#" + std::to_string(id)));
    CHECK(code == ErrorCode::Interrupted);
    CHECK_FALSE(pool.isOpen());
    CHECK(pool.metrics().totalConnections == 0);
    fixture.open();
    CHECK(pool.query("SELECT 1").size() == 1);
  }

  TEST_CASE("a pool with leases of the time before close() out cannot be opened until they are back") {
    PoolFixture fixture(2);
    fixture.config.closeTimeout = 0ms;
    fixture.openWithRows(2);
    ConnectionPool& pool = fixture.pool;
    PooledConnection lease;
    std::jthread([&] { lease = pool.acquire(Access::Read); }).join();
    CHECK(codeOf([&] { pool.close(); }) == ErrorCode::Timeout);
    CHECK(lease->query("SELECT * FROM item").size() == 2);
    CHECK(codeOf([&] { fixture.open(); }) == ErrorCode::Misuse);
    lease.release();
    fixture.open();
    CHECK(fixture.rows() == 2);
  }

  TEST_CASE("close() by a thread that holds a lease is refused, and the pool stays open") {
    PoolFixture fixture(3);
    fixture.openWithRows(2);
    PooledConnection lease = fixture.pool.acquire(Access::Read);
    CHECK(codeOf([&] { fixture.pool.close(); }) == ErrorCode::Misuse);
    CHECK(fixture.pool.isOpen());
    CHECK(fixture.rows() == 2);
    lease.release();
    fixture.pool.close();
    CHECK_FALSE(fixture.pool.isOpen());
  }

  TEST_CASE("a lease of this thread outlives the pool, and with it everything ends") {
    checkOutlivingLease(HousekeepingMode::Manual, [](ConnectionPool& pool) { return pool.acquire(); });
  }

  TEST_CASE("a lease of this thread outlives the pool and its housekeeping thread") {
    checkOutlivingLease(HousekeepingMode::Thread, [](ConnectionPool& pool) { return pool.acquire(); });
  }

  TEST_CASE("a lease that another thread took outlives the pool") {
    checkOutlivingLease(HousekeepingMode::Thread, [](ConnectionPool& pool) {
      PooledConnection lease;
      std::jthread([&] { lease = pool.acquire(); }).join();
      return lease;
    });
  }

  TEST_CASE("leases that outlive the pool may come back at the same moment") {
    const TempDirectory directory;
    for (int round = 0; round < 40; ++round) {
      std::vector<PooledConnection> leases(6);
      {
        ConnectionConfig config;
        config.database = directory.file("test.db");
        config.closeTimeout = 0ms;
        config.poolSize = 7;
        config.housekeeping = HousekeepingMode::Manual;
        config.logger = std::make_shared<RecordingLogger>();
        ConnectionPool pool(config);
        std::jthread([&] {
          for (PooledConnection& lease : leases) lease = pool.acquire(Access::Read);
        }).join();
      }
      std::atomic<int> ready = 0;
      std::vector<std::jthread> threads;
      for (PooledConnection& lease : leases) {
        threads.emplace_back([&] {
          ++ready;
          eventually([&] { return ready == 6; });
          lease.release();
        });
      }
    }
  }

  TEST_CASE("the housekeeping thread works by itself and ends with close()") {
    PoolFixture fixture(3);
    fixture.config.housekeeping = HousekeepingMode::Thread;
    fixture.config.housekeepingInterval = 10ms;
    const std::size_t before = openThreads();
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    CHECK(eventually([&] { return openThreads() == before + 1; }));
    pool.query("SELECT 1");
    CHECK(pool.metrics().totalConnections == 2);
    fixture.clock->advance(fixture.config.idleTimeout + 1s);
    CHECK(eventually([&] { return pool.metrics().totalConnections == 1; }));
    {
      const PooledConnection lease = pool.acquire();
      fixture.clock->advance(fixture.config.leakThreshold + 1s);
      CHECK(eventually([&] { return fixture.events->count(EventKind::LeaseLeaked) == 1; }));
    }
    pool.close();
    CHECK(eventually([&] { return openThreads() == before; }));
  }

  TEST_CASE("close() does not wait for the housekeeping interval") {
    PoolFixture fixture(2);
    fixture.config.housekeeping = HousekeepingMode::Thread;
    fixture.config.housekeepingInterval = 1h;
    fixture.open();
    const auto start = std::chrono::steady_clock::now();
    fixture.pool.close();
    CHECK(std::chrono::steady_clock::now() - start < kPatience);
  }

  TEST_CASE("a listener on the housekeeping thread is told that it cannot close the pool") {
    PoolFixture fixture(2);
    fixture.config.housekeeping = HousekeepingMode::Thread;
    fixture.config.housekeepingInterval = 10ms;
    fixture.open();
    std::atomic<int> code = -1;
    fixture.pool.subscribe([&](const Event& event) {
      if (event.kind != EventKind::ConnectionDestroyed) return;
      if (const auto refused = codeOf([&] { fixture.pool.close(); })) code = static_cast<int>(*refused);
    });
    fixture.pool.query("SELECT 1");
    fixture.clock->advance(fixture.config.idleTimeout + 1s);
    CHECK(eventually([&] { return code == static_cast<int>(ErrorCode::Misuse); }));
    CHECK(fixture.pool.isOpen());
  }

  TEST_CASE("a close() as soon as open() has opened leaves nothing behind") {
    const Watchdog watchdog("close() in the middle of open()");
    PoolFixture fixture(2);
    fixture.config.housekeeping = HousekeepingMode::Thread;
    fixture.config.housekeepingInterval = 10ms;
    ConnectionPool& pool = fixture.pool;
    const std::size_t before = openThreads();
    bool once = false;
    pool.subscribe([&](const Event& event) {
      if (event.kind != EventKind::Initialized || std::exchange(once, true)) return;
      // Whatever close() answers to another thread now: what it leaves must be one of the two states.
      std::jthread([&] { codeOf([&] { pool.close(); }); }).join();
    });
    codeOf([&] { fixture.open(); });
    const std::size_t expected = pool.isOpen() ? before + 1 : before;
    // A thread that was joined may still be listed for a moment.
    CHECK(eventually([&] { return openThreads() == expected; }));
    codeOf([&] { pool.close(); });
    CHECK(eventually([&] { return openThreads() == before; }));
    fixture.open();
    CHECK(pool.query("SELECT 1").size() == 1);
    pool.close();
    CHECK(eventually([&] { return openThreads() == before; }));
  }

  TEST_CASE("an open() that cannot start its housekeeping thread leaves nothing open") {
    PoolFixture fixture(2);
    fixture.config.housekeeping = HousekeepingMode::Thread;
    fixture.config.memoryLimit = 4 * MiB;
    {
      const NoMoreThreads none;
      CHECK(codeOf([&] { fixture.open(); }) == ErrorCode::MemoryLimit);
    }
    CHECK_FALSE(fixture.pool.isOpen());
    CHECK(fixture.pool.metrics().totalConnections == 0);
    CHECK(sqlite3_hard_heap_limit64(-1) == 0);
    CHECK_FALSE(codeOf([&] { fixture.open(); }));
  }

  TEST_CASE("after fork() the child is refused everything and harms nothing") {
    PoolFixture fixture(3);
    fixture.openWithRows(3);
    ConnectionPool& pool = fixture.pool;
    PooledConnection lease = pool.acquire(Access::Read);
    const int failures = inChild([&] {
      int wrong = 0;
      const auto refused = [&](auto call) { wrong += codeOf(call) == ErrorCode::ForkedProcess ? 0 : 1; };
      refused([&] { pool.acquire(Access::Read); });
      refused([&] { pool.tryAcquire(); });
      refused([&] { pool.run("DELETE FROM item"); });
      refused([&] { pool.query("SELECT 1"); });
      refused([&] { pool.transaction([](Transaction&) {}); });
      refused([&] { pool.tick(); });
      refused([&] { pool.checkHealth(); });
      refused([&] { fixture.open(); });
      refused([&] { ConnectionPool another(fixture.config); });
      refused([&] { pool.close(); });
      lease.release();
      return wrong;
    });
    CHECK(failures == 0);
    CHECK(lease->query("SELECT * FROM item").size() == 3);
    lease.release();
    pool.run("DELETE FROM item");
    CHECK(fixture.rows() == 0);
    pool.close();
    CHECK_FALSE(std::filesystem::exists(fixture.config.database + "-wal"));
  }
}
