// Who gets which handle, and what a lease allows.

#include <doctest/doctest.h>

#include <set>
#include <thread>
#include <utility>

#include "core/port/thread.hpp"
#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

TEST_SUITE("pool/lease") {
  TEST_CASE("the write lane has one handle and the read lane has the others") {
    PoolFixture fixture(4);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    std::vector<PooledConnection> readers;
    std::set<std::uint64_t> ids;
    for (int i = 0; i < 3; ++i) {
      readers.push_back(pool.acquire(Access::Read));
      CHECK(readers.back()->access() == Access::Read);
      ids.insert(readers.back()->id());
    }
    CHECK_FALSE(pool.tryAcquire(Access::Read));
    PooledConnection writer = pool.acquire();
    CHECK(writer->access() == Access::Write);
    ids.insert(writer->id());
    CHECK_FALSE(pool.tryAcquire(Access::Write));
    CHECK(ids.size() == 4);
    writer.release();
    CHECK_FALSE(pool.tryAcquire(Access::Read));
    CHECK(pool.tryAcquire(Access::Write));
  }

  TEST_CASE("in a pool of one the same handle reads and writes, one lease at a time") {
    PoolFixture fixture(1);
    fixture.openWithRows(2);
    ConnectionPool& pool = fixture.pool;
    CHECK(fixture.rows() == 2);
    PooledConnection reader = pool.acquire(Access::Read);
    CHECK_FALSE(pool.tryAcquire(Access::Write));
    CHECK_FALSE(pool.tryAcquire(Access::Read));
    CHECK(codeOf([&] { reader->run("DELETE FROM item"); }) == ErrorCode::Denied);
    const std::uint64_t id = reader->id();
    reader.release();
    PooledConnection writer = pool.acquire(Access::Write);
    CHECK(writer->id() == id);
    CHECK(writer->run("DELETE FROM item").changes == 2);
    CHECK(pool.metrics().totalConnections == 1);
  }

  TEST_CASE("a read handle refuses to write and stays usable") {
    PoolFixture fixture;
    fixture.openWithRows(1);
    PooledConnection reader = fixture.pool.acquire(Access::Read);
    CHECK(codeOf([&] { reader->run("INSERT INTO item(name) VALUES ('x')"); }) == ErrorCode::Denied);
    CHECK(codeOf([&] { fixture.pool.query("DELETE FROM item"); }) == ErrorCode::Denied);
    CHECK(reader->query("SELECT * FROM item").size() == 1);
  }

  TEST_CASE("handles are opened when they are first needed") {
    PoolFixture fixture(4);
    fixture.open();
    CHECK(fixture.pool.metrics().totalConnections == 1);
    fixture.pool.query("SELECT 1");
    CHECK(fixture.pool.metrics().totalConnections == 2);
    fixture.pool.query("SELECT 1");
    CHECK(fixture.pool.metrics().totalConnections == 2);
    {
      const PooledConnection first = fixture.pool.acquire(Access::Read);
      const PooledConnection second = fixture.pool.acquire(Access::Read);
    }
    CHECK(fixture.pool.metrics().totalConnections == 3);
    CHECK(fixture.pool.metrics().connectionsCreated == 3);
  }

  TEST_CASE("open() opens minPoolSize handles, the write handle first") {
    PoolFixture fixture(5);
    fixture.config.minPoolSize = 3;
    const OpenReport report = fixture.pool.open(fixture.config);
    CHECK(report.connectionsOpened == 3);
    CHECK(fixture.pool.metrics().totalConnections == 3);
    const std::vector<Event> created = fixture.events->of(EventKind::ConnectionCreated);
    REQUIRE(created.size() == 3);
    CHECK(created[0].detail == "write handle");
    CHECK(created[1].detail == "read handle");
  }

  TEST_CASE("a thread gets its own read handle again, also after it found it taken") {
    PoolFixture fixture(4);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    {
      const PooledConnection first = pool.acquire(Access::Read);
      const PooledConnection second = pool.acquire(Access::Read);
      const PooledConnection third = pool.acquire(Access::Read);
    }
    const std::uint64_t own = pool.acquire(Access::Read)->id();
    for (int i = 0; i < 10; ++i) CHECK(pool.acquire(Access::Read)->id() == own);
    {
      const PooledConnection mine = pool.acquire(Access::Read);
      CHECK(pool.acquire(Access::Read)->id() != own);
    }
    CHECK(pool.acquire(Access::Read)->id() == own);
  }

  TEST_CASE("a lease moves, and only its last owner gives it back") {
    PoolFixture fixture(1);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    PooledConnection first = pool.acquire();
    PooledConnection second(std::move(first));
    CHECK_FALSE(first);
    REQUIRE(second);
    first.release();
    CHECK_FALSE(pool.tryAcquire());
    PooledConnection third;
    third = std::move(second);
    CHECK_FALSE(second);
    PooledConnection& itself = third;
    third = std::move(itself);
    CHECK(third);
    CHECK(pool.leases().size() == 1);
    third = PooledConnection();
    CHECK(pool.leases().empty());
  }

  TEST_CASE("releasing twice gives back once") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    PooledConnection lease = pool.acquire();
    lease.release();
    PooledConnection next = pool.acquire();
    lease.release();
    lease.discard();
    CHECK_FALSE(pool.tryAcquire());
    CHECK(pool.leases().size() == 1);
    CHECK(pool.metrics().connectionsDestroyed == 0);
  }

  TEST_CASE("a discarded handle is replaced by another one at once") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    ConnectionPool& pool = fixture.pool;
    PooledConnection lease = pool.acquire();
    const std::uint64_t id = lease->id();
    lease.discard();
    CHECK_FALSE(lease);
    PooledConnection next = pool.acquire();
    CHECK(next->id() != id);
    CHECK(next->query("SELECT * FROM item").size() == 3);
    const PoolMetrics metrics = pool.metrics();
    CHECK(metrics.connectionsRecovered == 1);
    CHECK(metrics.recoveryLatency.count == 1);
    CHECK(metrics.connectionsDestroyed == 1);
    CHECK(metrics.connectionsCreated == 3 - 1);  // The read handle was never needed.
    const std::vector<Event> recovered = fixture.events->of(EventKind::ConnectionRecovered);
    REQUIRE(recovered.size() == 1);
    CHECK(recovered[0].connectionId == next->id());
    CHECK(contains(recovered[0].detail, "#" + std::to_string(id)));
    CHECK(contains(recovered[0].detail, "discarded"));
  }

  TEST_CASE("what an exhausted pool says names holder, place, thread and time, and no values") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    ConnectionPool& pool = fixture.pool;
    const int line = __LINE__ + 1;
    const PooledConnection writer = pool.acquire(Access::Write);
    fixture.clock->advance(12s);
    std::optional<Error> error;
    // On another thread: the holder itself is told about its mistake instead.
    std::jthread([&] { error = errorOf([&] { pool.acquire(Access::Write, 0ms); }); }).join();
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::PoolExhausted);
    const std::string text = error->what();
    INFO(text);
    CHECK(contains(text, "write handle"));
    CHECK(contains(text, "#" + std::to_string(writer->id())));
    CHECK(contains(text, "held for 12 s"));
    CHECK(contains(text, "pool_lease_test.cpp:" + std::to_string(line)));
    CHECK(contains(text, "thread " + std::to_string(port::currentThreadId())));
    CHECK(contains(text, "pool 1/2 in use"));
  }

  TEST_CASE("what an exhausted pool says shows a running statement without its literals and values") {
    PoolFixture fixture(2);
    fixture.openWithRows(3);
    ConnectionPool& pool = fixture.pool;
    Gate inside;
    Gate done;
    std::jthread reader([&] {
      pool.forEach(
          "SELECT name FROM item WHERE name <> 'hidden literal' AND name <> ?",
          [&](const RowView&) {
            inside.open();
            done.pass();
            return false;
          },
          "hidden value");
    });
    REQUIRE(inside.pass());
    const std::optional<Error> error = errorOf([&] { pool.acquire(Access::Read, 0ms); });
    const std::vector<LeaseInfo> leases = pool.leases();
    done.open();
    reader.join();
    REQUIRE(error);
    const std::string text = error->what();
    INFO(text);
    CHECK(contains(text, "SELECT name FROM item"));
    CHECK_FALSE(contains(text, "hidden"));
    REQUIRE(leases.size() == 1);
    CHECK(leases[0].access == Access::Read);
    CHECK(contains(leases[0].statement, "SELECT name FROM item"));
    CHECK_FALSE(contains(leases[0].statement, "hidden"));
    CHECK(std::string_view(leases[0].place.function).empty());
  }

  TEST_CASE("a thread that waits for what it holds itself is told so") {
    PoolFixture fixture(3);
    fixture.openWithRows(1);
    ConnectionPool& pool = fixture.pool;
    {
      const PooledConnection writer = pool.acquire();
      const std::optional<Error> error = errorOf([&] { pool.acquire(); });
      REQUIRE(error);
      CHECK(error->code() == ErrorCode::Misuse);
      CHECK(contains(error->what(), "pool_lease_test.cpp"));
      CHECK(codeOf([&] { pool.run("DELETE FROM item"); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { pool.transaction([](Transaction&) {}); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { pool.checkpoint(); }) == ErrorCode::Misuse);
      CHECK_FALSE(pool.tryAcquire());
      CHECK(fixture.rows() == 1);
    }
    {
      const PooledConnection one = pool.acquire(Access::Read);
      const PooledConnection two = pool.acquire(Access::Read);
      CHECK(codeOf([&] { fixture.rows(); }) == ErrorCode::Misuse);
    }
    CHECK(fixture.rows() == 1);
    CHECK(pool.metrics().pendingRequests == 0);
  }

  TEST_CASE("a thread that holds only some of the readers may wait for another one") {
    PoolFixture fixture(3);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    Gate held;
    Gate done;
    std::jthread other([&] {
      const PooledConnection lease = pool.acquire(Access::Read);
      held.open();
      done.pass();
    });
    REQUIRE(held.pass());
    const PooledConnection mine = pool.acquire(Access::Read);
    CHECK(codeOf([&] { pool.acquire(Access::Read, 10ms); }) == ErrorCode::PoolExhausted);
    done.open();
    CHECK_FALSE(codeOf([&] { pool.acquire(Access::Read, kPatience); }));
  }

  TEST_CASE("a pool that was never opened answers PoolClosed to everything") {
    ConnectionPool pool;
    CHECK_FALSE(pool.isOpen());
    CHECK(codeOf([&] { pool.acquire(); }) == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { pool.tryAcquire(Access::Read); }) == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { pool.run("SELECT 1"); }) == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { pool.query("SELECT 1"); }) == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { pool.transaction([](Transaction&) {}); }) == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { pool.begin(); }) == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { pool.read([](ReadTransaction&) {}); }) == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { pool.checkpoint(); }) == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { pool.checkHealth(); }) == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { pool.tick(); }) == ErrorCode::PoolClosed);
    CHECK(pool.leases().empty());
    CHECK_FALSE(pool.forceCleanup(1));
    CHECK(pool.metrics().poolSize == 0);
    pool.close();
  }
}
