// Broken handles, handles that cannot be opened, and files that are taken away.

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

/// Overwrites every page but the first. Only while no handle of this process is open on the file.
void damage(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(0, std::ios::end);
  const auto size = static_cast<std::size_t>(file.tellp());
  file.seekp(4096);
  file << std::string(size - 4096, '\x55');
}

}  // namespace

TEST_SUITE("pool/recovery") {
  TEST_CASE("a handle that reported damage is replaced when its lease ends") {
    PoolFixture fixture(2);
    fixture.openWithRows(2000);
    fixture.pool.close();
    damage(fixture.config.database);
    fixture.open();
    fixture.events->clear();
    CHECK(codeOf([&] { fixture.rows(); }) == ErrorCode::Corrupt);
    CHECK(fixture.pool.metrics().connectionsRecovered == 1);
    CHECK(fixture.events->names() == std::vector<std::string>{"connectionCreated", "storageChanged",
                                                              "connectionCreated", "connectionRecovered",
                                                              "connectionDestroyed"});
    CHECK(fixture.pool.query("SELECT 1").size() == 1);
    CHECK(fixture.pool.metrics().connectionErrors == 1);
  }

  TEST_CASE("a handle that cannot be opened fails the acquire that wanted it, and its slot comes back by itself") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    ConnectionPool& pool = fixture.pool;
    fixture.events->clear();
    {
      const MovedAway away(fixture.config.database);
      const std::optional<Error> error = errorOf([&] { pool.acquire(Access::Read); });
      REQUIRE(error);
      CHECK(error->code() == ErrorCode::CannotOpen);
      CHECK(contains(error->what(), "opening a read handle"));
      CHECK(contains(error->what(), "pool "));
      CHECK(pool.leases().empty());
      CHECK(pool.metrics().connectionErrors == 1);
      const std::vector<Event> failed = fixture.events->of(EventKind::OpenFailed);
      REQUIRE(failed.size() == 1);
      CHECK(contains(failed[0].detail, "cannot open"));
      CHECK(failed[0].totalConnections == 1);
    }
    pool.run("DELETE FROM item WHERE id = 1");   // The other handle goes on.
    CHECK_FALSE(pool.tryAcquire(Access::Read));  // Its pause is not over.
    fixture.clock->advance(fixture.config.openRetryDelay);
    CHECK(fixture.rows() == 2);
  }

  TEST_CASE("the pause between failed opens doubles up to 64 times its start, and starts anew after a success") {
    PoolFixture fixture(2);
    fixture.config.openRetryDelay = 100ms;
    fixture.config.acquireTimeout = 1h;  // It bounds the pause, too.
    fixture.config.verifyAfter = 1h;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    const auto failures = [&] { return pool.metrics().connectionErrors; };
    const auto tryRead = [&] { codeOf([&] { pool.acquire(Access::Read, 0ms); }); };
    for (int round = 0; round < 2; ++round) {
      MovedAway away(fixture.config.database);
      tryRead();
      std::uint64_t expected = failures();
      for (const int factor : {1, 2, 4, 8, 16, 32, 64, 64, 64}) {
        fixture.clock->advance(factor * 100ms - 1ms);
        tryRead();
        CHECK(failures() == expected);
        fixture.clock->advance(1ms);
        tryRead();
        CHECK(failures() == ++expected);
      }
      away.putBack();
      fixture.clock->advance(6400ms);
      PooledConnection lease = pool.acquire(Access::Read, 0ms);
      // Leave the slot empty for the second round, without a failure.
      lease.release();
      fixture.clock->advance(fixture.config.idleTimeout + 1s);
      pool.tick();
      REQUIRE(pool.metrics().totalConnections == 1);
    }
  }

  TEST_CASE("while a slot waits to be tried again, an exhausted pool tells why it was not opened") {
    PoolFixture fixture(2);
    fixture.open();
    const MovedAway away(fixture.config.database);
    CHECK(codeOf([&] { fixture.pool.acquire(Access::Read); }) == ErrorCode::CannotOpen);
    const std::optional<Error> error = errorOf([&] { fixture.pool.acquire(Access::Read, 0ms); });
    REQUIRE(error);
    INFO(std::string(error->what()));
    CHECK(error->code() == ErrorCode::PoolExhausted);
    CHECK(contains(error->what(), "was deleted while it was open"));
  }

  TEST_CASE("with propagateOpenError off an acquire waits for another handle") {
    PoolFixture fixture(3);
    fixture.config.propagateOpenError = false;
    fixture.config.openRetryDelay = 1ms;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    PooledConnection held = pool.acquire(Access::Read);
    MovedAway away(fixture.config.database);
    SUBCASE("and tells the cause when its time is up") {
      const std::optional<Error> error = errorOf([&] { pool.acquire(Access::Read, 50ms); });
      REQUIRE(error);
      CHECK(error->code() == ErrorCode::PoolExhausted);
      CHECK(contains(error->what(), "was deleted while it was open"));
      CHECK(contains(error->what(), "pool_recovery_test.cpp"));
    }
    SUBCASE("and gets it when it is released") {
      std::optional<std::uint64_t> served;
      std::jthread waiter([&] { served = pool.acquire(Access::Read, kPatience)->id(); });
      REQUIRE(eventually([&] { return pool.metrics().connectionErrors >= 1 && pool.metrics().pendingRequests == 1; }));
      const std::uint64_t id = held->id();
      held.release();
      waiter.join();
      CHECK(served == id);
    }
    SUBCASE("and opens its own when that has become possible") {
      std::optional<std::uint64_t> served;
      std::jthread waiter([&] { served = pool.acquire(Access::Read, kPatience)->id(); });
      REQUIRE(eventually([&] { return pool.metrics().connectionErrors >= 1 && pool.metrics().pendingRequests == 1; }));
      away.putBack();
      fixture.clock->advance(1s);
      waiter.join();
      REQUIRE(served);
      CHECK(*served != held->id());
    }
  }

  TEST_CASE("a handle used a moment ago is not verified, an idle one is") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    const std::chrono::milliseconds after = fixture.config.verifyAfter;
    pool.query("SELECT 1");
    const auto verifications = [&] { return pool.metrics().verifications; };
    const auto use = [&] { pool.query("SELECT 1"); };
    use();
    fixture.clock->advance(after);
    use();
    CHECK(verifications() == 0);
    fixture.clock->advance(after + 1ms);
    use();
    CHECK(verifications() == 1);
    use();
    CHECK(verifications() == 1);
    pool.run("CREATE TABLE t(x)");  // The write handle has been idle all the time.
    CHECK(verifications() == 2);
    CHECK(pool.metrics().connectionsDestroyed == 0);
  }

  TEST_CASE("a file that was deleted is noticed at the next acquire after verifyAfter") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    ConnectionPool& pool = fixture.pool;
    CHECK(fixture.rows() == 3);
    MovedAway away(fixture.config.database);
    fixture.clock->advance(fixture.config.verifyAfter + 1s);
    CHECK(codeOf([&] { fixture.rows(); }) == ErrorCode::CannotOpen);
    CHECK(codeOf([&] { pool.run("DELETE FROM item"); }) == ErrorCode::CannotOpen);
    CHECK(fixture.logger->contains("moved or deleted"));
    CHECK(pool.metrics().totalConnections == 0);
    CHECK(pool.leases().empty());
    away.putBack();
    fixture.clock->advance(1s);
    CHECK(fixture.rows() == 3);
    pool.run("DELETE FROM item WHERE id = 1");
    CHECK(fixture.rows() == 2);
  }

  // The log of the old file lies beside the new one under its name: whoever opens the new file anew reads both as one.
  TEST_CASE("a database put in the place of an open one is not mixed with the log of the old one") {
    PoolFixture other(1);
    other.openWithRows(100);
    other.pool.close();
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    SUBCASE("by a handle that was open") { fixture.rows(); }
    SUBCASE("by a handle that is opened afterwards") {}
    std::filesystem::rename(other.config.database, fixture.config.database);
    fixture.clock->advance(fixture.config.verifyAfter + 1s);
    std::optional<std::int64_t> rows;
    const std::optional<Error> error = errorOf([&] { rows = fixture.rows(); });
    // An error; never a mixture, and never the old rows as if nothing had happened.
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::CannotOpen);
  }

  TEST_CASE("checkHealth() verifies what is idle and proves that it can write") {
    PoolFixture fixture(3);
    fixture.openWithRows(3);
    const PooledConnection held = fixture.pool.acquire(Access::Read);
    const HealthReport report = fixture.pool.checkHealth();
    CHECK(report.healthy);
    CHECK(report.writable);
    CHECK(report.connectionsChecked == 1);
    CHECK(report.connectionsBusy == 1);
    CHECK(report.connectionsReplaced == 0);
    CHECK(report.problems.empty());
    CHECK(report.memoryStage == MemoryStage::Normal);
    CHECK_FALSE(report.sqliteVersion.empty());
  }

  TEST_CASE("checkHealth() notices a file that is gone, each time it looks, and that it is back") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    CHECK(fixture.rows() == 3);
    {
      const MovedAway away(fixture.config.database);
      const HealthReport first = fixture.pool.checkHealth();
      CHECK_FALSE(first.healthy);
      CHECK_FALSE(first.writable);
      CHECK(first.problems.size() == 2);
      const HealthReport second = fixture.pool.checkHealth();
      CHECK_FALSE(second.healthy);
      CHECK_FALSE(second.problems.empty());
      fixture.clock->advance(1min);
      CHECK_FALSE(fixture.pool.checkHealth().healthy);
    }
    fixture.clock->advance(1min);
    fixture.pool.tick();
    fixture.rows();
    fixture.pool.run("DELETE FROM item");
    const HealthReport report = fixture.pool.checkHealth();
    CHECK(report.healthy);
    CHECK(report.writable);
  }

  TEST_CASE("checkHealth() refuses another file in the place of the open one until the pool is opened again") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    fixture.pool.checkpoint();
    CHECK(fixture.rows() == 3);
    // Reading the file drops this process's locks on it, which matters no more: its handles are replaced.
    std::filesystem::copy_file(fixture.config.database, fixture.directory.file("copy"));
    std::filesystem::rename(fixture.directory.file("copy"), fixture.config.database);
    const HealthReport report = fixture.pool.checkHealth();
    CHECK_FALSE(report.healthy);
    CHECK(report.connectionsReplaced == 0);
    CHECK_FALSE(fixture.pool.checkHealth().healthy);
    fixture.pool.close();
    fixture.open();
    CHECK(fixture.pool.checkHealth().healthy);
    CHECK(fixture.rows() == 3);
  }
}
