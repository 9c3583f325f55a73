// Every C++ allocation of open() and acquire() fails once: what was opened is closed, and no slot is lost.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <memory>

#include "support/fail_each_allocation.hpp"
#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

ConnectionConfig quiet(PoolFixture& fixture) {
  ConnectionConfig config = fixture.config;
  config.logger = std::make_shared<NoLogger>();
  return config;
}

}  // namespace

TEST_SUITE("memory/allocation") {
  TEST_CASE("an open() that runs out of memory leaves the pool closed and ready to open") {
    CHECK(survives([] {
      PoolFixture fixture(2);
      ConnectionConfig config = quiet(fixture);
      config.memoryLimit = 4 * MiB;
      ConnectionPool pool;
      bool good = true;
      const int points = failEachAllocation([&] { pool.open(config); },
                                            [&] {
                                              if (pool.isOpen()) pool.close();
                                              good = good && sqlite3_hard_heap_limit64(-1) == 0;
                                              good = good && !codeOf([&] { pool.open(config); });
                                              pool.close();
                                            });
      return good && points > 10;
    }));
  }

  TEST_CASE("an acquire() that runs out of memory loses no slot") {
    CHECK(survives([] {
      PoolFixture fixture(2);
      ConnectionConfig config = quiet(fixture);
      ConnectionPool pool(config);
      bool good = true;
      const int points = failEachAllocation(
          [&] {
            fixture.clock->advance(2h);  // Verified and renewed: all that an acquire can have to do.
            pool.acquire(Access::Read, 0ms);
          },
          [&] {
            good = good && pool.leases().empty() && pool.metrics().activeConnections == 0;
            fixture.clock->advance(1h);
            good = good && pool.tryAcquire(Access::Read).has_value();
            fixture.clock->advance(10min);
            pool.tick();  // Closes the reader: the next acquire opens it.
          });
      return good && points > 10;
    }));
  }

  TEST_CASE("a statement, a transaction and a tick that run out of memory leave the pool usable") {
    CHECK(survives([] {
      PoolFixture fixture(2);
      ConnectionConfig config = quiet(fixture);
      ConnectionPool pool(config);
      pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
      bool good = true;
      const int points = failEachAllocation(
          [&] {
            pool.query("SELECT * FROM item WHERE id = ?", 1);
            pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('x')"); });
            codeOf([&] { pool.query("NOT SQL"); });
            pool.acquire().discard();
            fixture.clock->advance(2h);
            pool.tick();
          },
          [&] {
            good = good && pool.leases().empty() && pool.metrics().activeConnections == 0;
            good = good && !codeOf([&] { pool.run("DELETE FROM item"); });
          });
      return good && points > 10;
    }));
  }
}
