// Leases that are forced back.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <thread>

#include "policy/pool_policy.hpp"
#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {}  // namespace

TEST_SUITE("pool/force") {
  TEST_CASE("a lease forced back answers LeaseRevoked to everything and its handle is replaced") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    ConnectionPool& pool = fixture.pool;
    PooledConnection lease = pool.acquire();
    const std::uint64_t id = lease->id();
    const std::vector<LeaseInfo> leases = pool.leases();
    REQUIRE(leases.size() == 1);
    CHECK(leases[0].connectionId == id);
    CHECK(leases[0].access == Access::Write);
    CHECK_FALSE(leases[0].forced);
    CHECK(pool.forceCleanup(leases[0].leaseId));
    CHECK(pool.leases().at(0).forced);
    CHECK(codeOf([&] { lease->run("DELETE FROM item"); }) == ErrorCode::LeaseRevoked);
    CHECK(codeOf([&] { lease->query("SELECT * FROM item"); }) == ErrorCode::LeaseRevoked);
    CHECK(codeOf([&] { lease->forEach("SELECT * FROM item", [](const RowView&) {}); }) == ErrorCode::LeaseRevoked);
    CHECK(codeOf([&] { Transaction tx(*lease); }) == ErrorCode::LeaseRevoked);
    CHECK_FALSE(pool.tryAcquire());  // The handle stays with its holder until that lets go.
    lease.release();
    PooledConnection next = pool.acquire();
    CHECK(next->id() != id);
    CHECK(next->run("DELETE FROM item").changes == 3);
    CHECK_FALSE(pool.leases().at(0).forced);
    CHECK(pool.metrics().leasesForced == 1);
    CHECK(fixture.events->count(EventKind::LeaseForced) == 1);
    CHECK(fixture.events->of(EventKind::LeaseForced).at(0).connectionId == id);
  }

  TEST_CASE("forceCleanup() of a lease that is not out does nothing") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    CHECK_FALSE(pool.forceCleanup(0));
    CHECK_FALSE(pool.forceCleanup(12345));
    PooledConnection lease = pool.acquire();
    const std::uint64_t leaseId = pool.leases().at(0).leaseId;
    lease.release();
    CHECK_FALSE(pool.forceCleanup(leaseId));
    lease = pool.acquire();
    CHECK_FALSE(pool.forceCleanup(leaseId));
    CHECK(lease->query("SELECT 1").size() == 1);
    CHECK(pool.metrics().leasesForced == 0);
    CHECK(fixture.events->count(EventKind::LeaseForced) == 0);
  }

  TEST_CASE("the running statement of a lease forced back is interrupted") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    const Watchdog watchdog("a statement was not interrupted");
    std::optional<ErrorCode> code;
    Gate running;
    std::jthread holder([&] {
      const PooledConnection lease = pool.acquire(Access::Read);
      // The statement tells that it runs.
      sqlite3_create_function(
          lease->nativeHandle(), "running", 1, SQLITE_UTF8, &running,
          [](sqlite3_context* context, int, sqlite3_value**) {
            static_cast<Gate*>(sqlite3_user_data(context))->open();
          },
          nullptr, nullptr);
      code = codeOf([&] {
        lease->query("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(running(x)) FROM c");
      });
    });
    REQUIRE(running.pass());
    CHECK(pool.forceCleanup(pool.leases().at(0).leaseId));
    holder.join();
    CHECK(code == ErrorCode::LeaseRevoked);
    CHECK(pool.metrics().queryErrors == 1);
    CHECK(pool.query("SELECT 1").size() == 1);
  }

  // sqlite3_interrupt() does nothing to a statement that has not begun yet.
  TEST_CASE("a statement that is about to begin when its lease is forced back does not run") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    const Watchdog watchdog("a statement was not interrupted");
    PooledConnection lease = pool.acquire(Access::Read);
    // While it is prepared, another one forces the lease back: after the check, before the first step.
    sqlite3_set_authorizer(
        lease->nativeHandle(),
        [](void* target, int, const char*, const char*, const char*, const char*) {
          auto& owner = *static_cast<ConnectionPool*>(target);
          std::jthread([&] { owner.forceCleanup(owner.leases().at(0).leaseId); }).join();
          return SQLITE_OK;
        },
        &pool);
    CHECK(codeOf([&] {
            lease->query(
                "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000000) "
                "SELECT count(*) FROM c");
          }) == ErrorCode::LeaseRevoked);
  }

  TEST_CASE("a transaction on a lease forced back cannot be committed") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    ConnectionPool& pool = fixture.pool;
    const auto revoke = [&] { CHECK(pool.forceCleanup(pool.leases().at(0).leaseId)); };
    SUBCASE("by hand") {
      Transaction tx = pool.begin();
      tx.run("DELETE FROM item");
      revoke();
      CHECK(codeOf([&] { tx.commit(); }) == ErrorCode::LeaseRevoked);
    }
    SUBCASE("by the pool") {
      CHECK(codeOf([&] {
              pool.transaction([&](Transaction& tx) {
                tx.run("DELETE FROM item");
                revoke();
              });
            }) == ErrorCode::LeaseRevoked);
    }
    SUBCASE("by its savepoint") {
      CHECK(codeOf([&] {
              pool.transaction([&](Transaction& tx) {
                tx.transaction([&](Transaction& nested) {
                  nested.run("DELETE FROM item");
                  revoke();
                });
              });
            }) == ErrorCode::LeaseRevoked);
    }
    CHECK(pool.leases().empty());
    CHECK(fixture.rows() == 3);
    CHECK(pool.transaction([](Transaction& tx) { return tx.run("DELETE FROM item").changes; }) == 3);
  }

  TEST_CASE("tick() forces back what is held beyond forceCleanupAfter, after it was reported as a leak") {
    PoolFixture fixture(3);
    fixture.config.leakThreshold = 1min;
    SUBCASE("with time between the two") { fixture.config.forceCleanupAfter = 2min; }
    SUBCASE("with both at the same age") { fixture.config.forceCleanupAfter = 1min; }
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    PooledConnection lease = pool.acquire(Access::Read);
    fixture.events->clear();
    for (int i = 0; i < 4; ++i) {
      fixture.clock->advance(61s);
      pool.tick();
    }
    CHECK(fixture.events->names() == std::vector<std::string>{"leaseLeaked", "leaseForced"});
    CHECK(codeOf([&] { lease->query("SELECT 1"); }) == ErrorCode::LeaseRevoked);
    lease.release();
    CHECK(pool.query("SELECT 1").size() == 1);
    CHECK(pool.metrics().leasesForced == 1);
    CHECK(pool.metrics().leaksReported == 1);
    CHECK(pool.metrics().connectionsRecovered == 1);
  }

  TEST_CASE("a lease that one late tick finds beyond both ages is reported before it is forced back") {
    ConnectionConfig config;
    config.leakThreshold = 1min;
    config.forceCleanupAfter = 2min;
    SlotFacts slot;
    slot.state = SlotState::Leased;
    slot.leasedAt = Clock::TimePoint{1h};
    const Clock::TimePoint late = slot.leasedAt + 10min;
    CHECK(judge(slot, config, 1, late) == Verdict::ReportLeak);
    slot.leakReported = true;
    CHECK(judge(slot, config, 1, late) == Verdict::ForceBack);
    slot.forced = true;
    CHECK(judge(slot, config, 1, late) == Verdict::Keep);
  }

  TEST_CASE("a lease forced back at the very moment of its return hurts nobody") {
    std::uint64_t leaseId = 0;  // Before the pool, which tells of its end, too.
    bool found = false;
    PoolFixture fixture(2);
    fixture.config.checkpointPages = 16;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name BLOB)");
    pool.subscribe([&](const Event& event) {
      if (event.kind != EventKind::Checkpoint || leaseId == 0) return;
      // The holder has let go and the pool is still busy with the handle.
      found = pool.forceCleanup(std::exchange(leaseId, 0));
    });
    {
      const PooledConnection lease = pool.acquire();
      leaseId = pool.leases().at(0).leaseId;
      lease->run("INSERT INTO item(name) VALUES (zeroblob(400000))");
    }
    CHECK(found);
    for (int i = 0; i < 3; ++i) {
      CHECK(pool.run("INSERT INTO item(name) VALUES (NULL)").changes == 1);
      CHECK_FALSE(pool.acquire()->inTransaction());
    }
    CHECK(pool.leases().empty());
  }

  TEST_CASE("the next in line gets the fresh handle when a forced lease ends") {
    PoolFixture fixture(2);
    fixture.openWithRows(1);
    ConnectionPool& pool = fixture.pool;
    PooledConnection lease = pool.acquire();
    const std::uint64_t id = lease->id();
    std::optional<std::uint64_t> nextId;
    std::optional<ErrorCode> code;
    std::jthread next([&] {
      const PooledConnection fresh = pool.acquire(Access::Write, kPatience);
      nextId = fresh->id();
      code = codeOf([&] { fresh->run("DELETE FROM item"); });
    });
    REQUIRE(eventually([&] { return pool.metrics().pendingRequests == 1; }));
    CHECK(pool.forceCleanup(pool.leases().at(0).leaseId));
    lease.release();
    next.join();
    REQUIRE(nextId);
    CHECK(*nextId != id);
    CHECK_FALSE(code);
  }
}
