// tick() on a clock that stands still: idle and aged handles, refill, leaks.

#include <doctest/doctest.h>

#include <unistd.h>

#include <set>
#include <thread>

#include "policy/pool_policy.hpp"
#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

/// Opens every handle of the pool.
void openAll(ConnectionPool& pool) {
  std::vector<PooledConnection> leases;
  while (auto lease = pool.tryAcquire(Access::Read)) leases.push_back(std::move(*lease));
}

}  // namespace

TEST_SUITE("pool/housekeeping") {
  TEST_CASE("idle read handles are closed down to minPoolSize, and not before their time") {
    PoolFixture fixture(5);
    fixture.config.minPoolSize = 2;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    openAll(pool);
    CHECK(pool.metrics().totalConnections == 5);
    fixture.clock->advance(fixture.config.idleTimeout);
    pool.tick();
    CHECK(pool.metrics().totalConnections == 5);
    fixture.clock->advance(1ms);
    pool.tick();
    CHECK(pool.metrics().totalConnections == 2);
    CHECK(pool.metrics().connectionsIdledOut == 3);
    CHECK(fixture.events->count(EventKind::ConnectionDestroyed) == 3);
    fixture.clock->advance(24h);
    pool.tick();
    CHECK(pool.metrics().totalConnections == 2);
  }

  TEST_CASE("the write handle is never closed for being idle") {
    PoolFixture fixture(3);
    fixture.config.maxConnectionAge = 0ms;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    const std::uint64_t writer = pool.acquire()->id();
    openAll(pool);
    for (int i = 0; i < 5; ++i) {
      fixture.clock->advance(24h);
      pool.tick();
    }
    CHECK(pool.metrics().totalConnections == 1);
    CHECK(pool.acquire()->id() == writer);
  }

  TEST_CASE("a handle in use is not idle, and counts anew from its return") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    {
      const PooledConnection reader = pool.acquire(Access::Read);
      fixture.clock->advance(fixture.config.idleTimeout * 2);
      pool.tick();
      CHECK(pool.metrics().totalConnections == 2);
    }
    pool.tick();
    CHECK(pool.metrics().totalConnections == 2);
    fixture.clock->advance(fixture.config.idleTimeout + 1ms);
    pool.tick();
    CHECK(pool.metrics().totalConnections == 1);
  }

  TEST_CASE("the pool's own work on a handle is not a use of it") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    pool.query("SELECT 1");
    SUBCASE("checkHealth()") {
      for (int i = 0; i < 3; ++i) {
        fixture.clock->advance(fixture.config.idleTimeout / 2);
        pool.checkHealth();
      }
    }
    SUBCASE("renewal") {
      fixture.config.idleTimeout = 2h;
      pool.close();
      fixture.open();
      pool.query("SELECT 1");
      for (int i = 0; i < 3; ++i) {
        fixture.clock->advance(fixture.config.maxConnectionAge);
        pool.tick();
      }
    }
    fixture.clock->advance(1ms);
    pool.tick();
    CHECK(pool.metrics().totalConnections == 1);
  }

  TEST_CASE("age is counted from creation and renewal happens within a tenth before maxConnectionAge") {
    PoolFixture fixture(2);
    fixture.config.idleTimeout = 24h;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    const auto reader = [&] { return pool.acquire(Access::Read)->id(); };
    const std::uint64_t first = reader();
    for (int minute = 1; minute < 54; ++minute) {
      fixture.clock->advance(1min);
      pool.tick();
      CHECK(reader() == first);
    }
    fixture.clock->advance(7min);
    SUBCASE("by tick()") {
      pool.tick();
      CHECK(pool.metrics().connectionsRenewed == 2);
    }
    SUBCASE("by the acquire that wants it") {
      reader();
      CHECK(pool.metrics().connectionsRenewed == 1);
    }
    CHECK(reader() != first);
    CHECK(pool.metrics().totalConnections == 2);
    CHECK(pool.metrics().connectionErrors == 0);
  }

  TEST_CASE("maxConnectionAge zero renews never") {
    PoolFixture fixture(1);
    fixture.config.maxConnectionAge = 0ms;
    fixture.open();
    const std::uint64_t id = fixture.pool.acquire()->id();
    fixture.clock->advance(10000h);
    fixture.pool.tick();
    CHECK(fixture.pool.acquire()->id() == id);
  }

  TEST_CASE("the moment of renewal lies in the last tenth of the age, and differs") {
    const Clock::TimePoint created{100h};
    CHECK(renewalTime(created, 1h, 0.0) == created + 1h);
    CHECK(renewalTime(created, 1h, 0.999999) > created + 54min - 1s);
    CHECK(renewalTime(created, 1h, 0.999999) < created + 54min + 1s);
    CHECK(renewalTime(created, 1h, 0.5) == created + 57min);
    CHECK(renewalTime(created, 0ms, 0.5) == Clock::TimePoint::max());
    // A pool of 16 opened at one moment is not renewed at one moment.
    PoolFixture fixture(16);
    fixture.config.minPoolSize = 16;
    fixture.config.idleTimeout = 24h;
    fixture.open();
    fixture.clock->advance(54min);
    std::set<std::uint64_t> counts;
    for (int step = 0; step < 60; ++step) {
      fixture.clock->advance(6s);
      fixture.pool.tick();
      counts.insert(fixture.pool.metrics().connectionsRenewed);
    }
    CHECK(*counts.rbegin() == 16);
    CHECK(counts.size() > 3);
  }

  TEST_CASE("a renewal opens the new handle before it closes the old one, so that the log stays") {
    PoolFixture fixture(1);
    fixture.openWithRows(10);
    ConnectionPool& pool = fixture.pool;
    const std::string log = fixture.config.database + "-wal";
    REQUIRE(std::filesystem::file_size(log) > 0);
    fixture.events->clear();
    std::set<std::size_t> totals;
    std::uintmax_t leastLog = std::filesystem::file_size(log);
    const SubscriptionId subscription = pool.subscribe([&](const Event& event) {
      totals.insert(event.totalConnections);
      std::error_code missing;
      const std::uintmax_t size = std::filesystem::file_size(log, missing);
      leastLog = std::min(leastLog, missing ? 0 : size);
    });
    fixture.clock->advance(fixture.config.maxConnectionAge);
    pool.tick();
    CHECK(fixture.events->names() ==
          std::vector<std::string>{"connectionCreated", "connectionRenewed", "connectionDestroyed"});
    pool.unsubscribe(subscription);  // The pool closes after these are gone.
    CHECK(totals == std::set<std::size_t>{1});
    CHECK(leastLog > 0);
    CHECK(fixture.rows() == 10);
    CHECK(contains(fixture.events->of(EventKind::ConnectionRenewed).at(0).detail, "in place of #1"));
  }

  TEST_CASE("an aged handle that cannot be renewed stays, and is renewed when that is possible") {
    PoolFixture fixture(1);
    fixture.openWithRows(10);
    ConnectionPool& pool = fixture.pool;
    const std::uint64_t id = pool.acquire()->id();
    fixture.clock->advance(fixture.config.maxConnectionAge);
    {
      const MovedAway away(fixture.config.database);
      pool.tick();
      CHECK(pool.metrics().connectionsRenewed == 0);
      CHECK(pool.metrics().totalConnections == 1);
      CHECK(pool.metrics().connectionErrors == 1);
      CHECK(fixture.events->count(EventKind::OpenFailed) == 1);
      pool.tick();
      CHECK(pool.metrics().connectionErrors == 1);  // Not before its pause is over.
    }
    CHECK(pool.acquire()->id() == id);
    fixture.clock->advance(1s);
    pool.tick();
    CHECK(pool.metrics().connectionsRenewed == 1);
    CHECK(fixture.rows() == 10);
  }

  TEST_CASE("tick() opens handles again up to minPoolSize") {
    PoolFixture fixture(3);
    fixture.config.minPoolSize = 3;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    {
      const MovedAway away(fixture.config.database);
      PooledConnection one = pool.acquire(Access::Read);
      PooledConnection two = pool.acquire(Access::Read);
      one.discard();
      two.discard();
      CHECK(pool.metrics().totalConnections == 1);
      fixture.clock->advance(1s);
      pool.tick();
      CHECK(pool.metrics().totalConnections == 1);
    }
    pool.tick();
    CHECK(pool.metrics().totalConnections == 1);  // The second failures doubled the pause.
    fixture.clock->advance(1s);
    pool.tick();
    CHECK(pool.metrics().totalConnections == 3);
  }

  TEST_CASE("a lease held too long is reported once, with the place that took it") {
    PoolFixture fixture(3);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    const int line = __LINE__ + 1;
    PooledConnection lease = pool.acquire(Access::Read);
    fixture.clock->advance(fixture.config.leakThreshold);
    pool.tick();
    CHECK(pool.metrics().leaksReported == 0);
    fixture.clock->advance(1s);
    for (int i = 0; i < 3; ++i) {
      pool.tick();
      fixture.clock->advance(1h);
    }
    CHECK(pool.metrics().leaksReported == 1);
    const std::vector<Event> leaks = fixture.events->of(EventKind::LeaseLeaked);
    REQUIRE(leaks.size() == 1);
    CHECK(leaks[0].connectionId == lease->id());
    CHECK(contains(leaks[0].detail, "pool_housekeeping_test.cpp:" + std::to_string(line)));
    CHECK(contains(leaks[0].detail, "1.02 min"));
    CHECK(fixture.logger->contains("pool_housekeeping_test.cpp:" + std::to_string(line)));
    CHECK(lease->query("SELECT 1").size() == 1);  // Reported, not taken away.
    lease = PooledConnection();
    lease = pool.acquire(Access::Read);
    fixture.clock->advance(1h);
    pool.tick();
    CHECK(pool.metrics().leaksReported == 2);
  }

  TEST_CASE("a leak of the pool's own lease for a statement is reported with the statement") {
    PoolFixture fixture(2);
    fixture.openWithRows(1);
    fixture.pool.forEach(
        "SELECT name FROM item WHERE id > ?",
        [&](const RowView&) {
          fixture.clock->advance(1h);
          fixture.pool.tick();
        },
        0);
    const std::vector<Event> leaks = fixture.events->of(EventKind::LeaseLeaked);
    REQUIRE(leaks.size() == 1);
    INFO(leaks[0].detail);
    CHECK(contains(leaks[0].detail, "SELECT name FROM item"));
    CHECK_FALSE(contains(leaks[0].detail, " at :0"));
  }

  TEST_CASE("leakThreshold zero reports no leaks") {
    PoolFixture fixture(2);
    fixture.config.leakThreshold = 0ms;
    fixture.open();
    const PooledConnection lease = fixture.pool.acquire();
    fixture.clock->advance(100h);
    fixture.pool.tick();
    CHECK(fixture.pool.metrics().leaksReported == 0);
  }

  TEST_CASE("a listener may close the pool and open a smaller one in the middle of a tick") {
    PoolFixture fixture(8);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    PooledConnection lease = pool.acquire(Access::Read);
    pool.subscribe([&](const Event& event) {
      if (event.kind != EventKind::LeaseLeaked) return;
      lease.release();
      pool.close();
      fixture.config.poolSize = 1;
      pool.open(fixture.config);
    });
    fixture.clock->advance(1h);
    pool.tick();
    CHECK(pool.metrics().poolSize == 1);
    CHECK(pool.metrics().activeConnections == 0);
    CHECK(pool.tryAcquire());
    CHECK(pool.leases().empty());
  }

  TEST_CASE("several threads may tick at once, and each leak is still reported once") {
    PoolFixture fixture(9);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    constexpr int kRounds = 60;
    for (int round = 0; round < kRounds; ++round) {
      std::vector<PooledConnection> leases;
      while (auto lease = pool.tryAcquire(Access::Read)) leases.push_back(std::move(*lease));
      REQUIRE(leases.size() == 8);
      fixture.clock->advance(2min);
      std::atomic<int> ready = 0;
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          ++ready;
          eventually([&] { return ready == 4; });
          pool.tick();
        });
      }
    }
    CHECK(pool.metrics().leaksReported == 8 * kRounds);
    CHECK(fixture.events->count(EventKind::LeaseLeaked) == 8 * kRounds);
  }
}
