// Every C++ allocation of open() and acquire() fails once: what was opened is closed, and no slot is lost.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <new>

#include "support/child_process.hpp"
#include "support/failing_allocation.hpp"
#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

/// Runs `attempt` with the n-th allocation failing, for every n that there is, and `check` after each.
template <typename Attempt, typename Check>
int failEachAllocation(Attempt attempt, Check check) {
  for (int allowed = 0; allowed < 2000; ++allowed) {
    bool failed = false;
    {
      const FailingAllocation failing(allowed);
      try {
        attempt();
      } catch (const std::bad_alloc&) {
      } catch (const Error&) {
      }
      failed = FailingAllocation::hasFailed();
    }
    check();
    if (!failed) return allowed;
  }
  return -1;
}

class NoLogger final : public Logger {
 public:
  void log(LogLevel, std::string_view, std::string_view) noexcept override {}
};

ConnectionConfig quiet(PoolFixture& fixture) {
  ConnectionConfig config = fixture.config;
  config.logger = std::make_shared<NoLogger>();
  return config;
}

/// The check runs in a child of its own: an exception that leaves a noexcept function ends the process.
template <typename F>
int survives(F&& body) {
  return inChild([&] { return body() ? 0 : 1; });
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
          }) == 0);
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
          }) == 0);
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
          }) == 0);
  }
}
