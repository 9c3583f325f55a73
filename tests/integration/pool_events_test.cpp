// What listeners hear, in which order, and what they may do.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <set>
#include <utility>

#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

using Names = std::vector<std::string>;

TEST_SUITE("pool/events") {
  TEST_CASE("the life of a pool is told in order") {
    PoolFixture fixture(2);
    fixture.config.forceCleanupAfter = 1h;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    CHECK(fixture.events->names() == Names{"connectionCreated", "initialized"});
    CHECK(contains(fixture.events->all()[1].detail, "test.db"));
    fixture.events->clear();

    pool.query("SELECT 1");
    pool.run("CREATE TABLE t(x)");
    pool.run("PRAGMA cache_size=100");
    CHECK(fixture.events->names() == Names{"connectionCreated", "stateRestored"});
    fixture.events->clear();

    pool.checkpoint();
    {
      const PooledConnection lease = pool.acquire();
      fixture.clock->advance(2min);
      pool.tick();
      fixture.clock->advance(1h);
      pool.tick();  // Closes the reader, which has been idle for longer than 5 minutes.
    }
    CHECK(fixture.events->names() == Names{"checkpoint", "leaseLeaked", "leaseForced", "connectionDestroyed",
                                           "connectionCreated", "connectionRecovered", "connectionDestroyed"});
    fixture.events->clear();

    pool.close();
    CHECK(fixture.events->names() == Names{"checkpoint", "connectionDestroyed", "closed"});
    CHECK(contains(fixture.events->all().back().detail, "test.db"));
    CHECK(fixture.events->all().back().totalConnections == 0);
  }

  TEST_CASE("events carry the handle, the time of the pool's clock and the number of handles after them") {
    PoolFixture fixture(3);
    fixture.open();
    fixture.pool.query("SELECT 1");
    const Clock::TimePoint opened = fixture.clock->now();
    fixture.clock->advance(10min);
    fixture.pool.tick();
    const std::vector<Event> created = fixture.events->of(EventKind::ConnectionCreated);
    REQUIRE(created.size() == 2);
    CHECK(created[0].connectionId == 1);
    CHECK(created[1].connectionId == 2);
    CHECK(created[0].time == opened);
    CHECK(created[0].totalConnections == 1);
    CHECK(created[1].totalConnections == 2);
    const std::vector<Event> destroyed = fixture.events->of(EventKind::ConnectionDestroyed);
    REQUIRE(destroyed.size() == 1);
    CHECK(destroyed[0].connectionId == 2);
    CHECK(destroyed[0].time == opened + 10min);
    CHECK(destroyed[0].totalConnections == 1);
    const std::vector<Event> initialized = fixture.events->of(EventKind::Initialized);
    REQUIRE(initialized.size() == 1);
    CHECK(initialized[0].connectionId == 0);
  }

  TEST_CASE("a listener that throws is logged, and harms neither the pool nor the other listeners") {
    PoolFixture fixture(2);
    int heard = 0;
    fixture.pool.subscribe([](const Event&) { throw std::runtime_error("the listener's own fault"); });
    fixture.pool.subscribe([](const Event&) { throw 42; });
    fixture.pool.subscribe([&](const Event&) { ++heard; });
    fixture.openWithRows(1);
    fixture.pool.acquire().discard();
    CHECK(fixture.rows() == 1);
    fixture.pool.close();
    CHECK(heard == static_cast<int>(fixture.events->all().size()));
    CHECK(fixture.logger->contains("the listener's own fault"));
  }

  TEST_CASE("a listener may use the pool") {
    PoolFixture fixture(3);
    ConnectionPool& pool = fixture.pool;
    std::set<EventKind> heard;
    std::vector<std::string> failures;
    int depth = 0;
    pool.subscribe([&](const Event& event) {
      heard.insert(event.kind);
      if (depth > 0) return;
      ++depth;
      pool.metrics();
      pool.leases();
      pool.isOpen();
      pool.forceCleanup(999999);
      if (event.kind == EventKind::Closed || !pool.isOpen()) {
        --depth;
        return;
      }
      if (const auto error = errorOf([&] {
            // A reader, if one is free: what this event is about may be the only one.
            if (auto lease = pool.tryAcquire(Access::Read)) (*lease)->query("SELECT 1");
          })) {
        failures.emplace_back(std::string(toText(event.kind)) + ": " + error->what());
      }
      --depth;
    });
    fixture.openWithRows(3);
    pool.run("PRAGMA cache_size=100");
    pool.acquire().discard();
    pool.checkpoint();
    fixture.clock->advance(2h);
    pool.tick();
    {
      const PooledConnection lease = pool.acquire();
      fixture.clock->advance(2min);
      pool.tick();
    }
    CHECK(pool.checkHealth().healthy);
    pool.close();
    for (const std::string& failure : failures) INFO(failure);
    CHECK(failures.empty());
    CHECK(heard.size() >= 8);
    CHECK(pool.metrics().activeConnections == 0);
  }

  TEST_CASE("a listener may subscribe and unsubscribe, itself too") {
    PoolFixture fixture(2);
    ConnectionPool& pool = fixture.pool;
    int once = 0;
    int added = 0;
    SubscriptionId self{};
    self = pool.subscribe([&](const Event&) {
      ++once;
      pool.unsubscribe(self);
      pool.subscribe([&](const Event&) { ++added; });
    });
    fixture.open();
    pool.close();
    CHECK(once == 1);
    CHECK(added > 0);
  }

  TEST_CASE("after unsubscribe() nothing is heard, and subscriptions outlive close()") {
    PoolFixture fixture(1);
    ConnectionPool& pool = fixture.pool;
    int first = 0;
    int second = 0;
    const SubscriptionId id = pool.subscribe([&](const Event&) { ++first; });
    pool.subscribe([&](const Event&) { ++second; });
    fixture.open();
    pool.close();
    CHECK(first > 0);
    pool.unsubscribe(id);
    pool.unsubscribe(id);
    pool.unsubscribe(SubscriptionId{12345});
    const int before = first;
    const int beforeSecond = second;
    fixture.open();
    pool.close();
    CHECK(first == before);
    CHECK(second > beforeSecond);
  }

  TEST_CASE("a listener may open the pool again as soon as it is closed, and still throw") {
    bool again = true;  // Before the pool, which tells of its end, too.
    PoolFixture fixture(1);
    ConnectionPool& pool = fixture.pool;
    const auto openWithItsOwnLogger = [&] {
      fixture.config.logger = std::make_shared<RecordingLogger>();  // Nobody else keeps it.
      pool.open(fixture.config);
      fixture.config.logger = nullptr;
    };
    pool.subscribe([&](const Event& event) {
      if (event.kind != EventKind::Closed || !std::exchange(again, false)) return;
      openWithItsOwnLogger();
      throw std::runtime_error("after the pool was opened again");
    });
    openWithItsOwnLogger();
    pool.close();
    CHECK(pool.isOpen());
    CHECK(pool.query("SELECT 1").size() == 1);
    CHECK(fixture.events->count(EventKind::Initialized) == 2);
  }

  TEST_CASE("a failed open() leaves no initialized event and tells what it opened and closed") {
    PoolFixture fixture(1);
    fixture.config.database = fixture.directory.path() + "/missing/test.db";
    CHECK(codeOf([&] { fixture.open(); }) == ErrorCode::CannotOpen);
    CHECK(fixture.events->count(EventKind::Initialized) == 0);
    CHECK_FALSE(fixture.pool.isOpen());
    fixture.config.database = fixture.directory.file("test.db");
    fixture.open();
    CHECK(fixture.events->count(EventKind::Initialized) == 1);
  }
}
