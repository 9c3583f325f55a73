// Handles that come with waiting and go with idleness, and what the pool recommends.

#include <doctest/doctest.h>

#include <thread>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Dynamic : PoolFixture {
  Dynamic() : PoolFixture(6) {
    config.dynamicSizing = true;
    config.minPoolSize = 2;
    config.housekeepingInterval = 10s;
    openWithRows(10);
  }
  std::size_t handles() { return pool.metrics().totalConnections; }
};

}  // namespace

TEST_SUITE("memory/dynamic_sizing") {
  TEST_CASE("a caller that has waited gets another handle and one that does not wait gets none") {
    const Watchdog watchdog("dynamic sizing");
    Dynamic fixture;
    ConnectionPool& pool = fixture.pool;
    const PooledConnection first = pool.acquire(Access::Read);
    CHECK(fixture.handles() == 2);
    CHECK_FALSE(pool.tryAcquire(Access::Read));
    CHECK(codeOf([&] { pool.acquire(Access::Read, 0ms); }) == ErrorCode::PoolExhausted);
    CHECK(fixture.handles() == 2);
    const PooledConnection second = pool.acquire(Access::Read, 60s);
    CHECK(fixture.handles() == 3);
    const PooledConnection third = pool.acquire(Access::Read, 60s);
    CHECK(fixture.handles() == 4);
    CHECK(pool.recommendations().figures.targetSize == 4);
  }

  TEST_CASE("handles that are idle go after three rounds and come back with waiting only") {
    const Watchdog watchdog("dynamic sizing");
    Dynamic fixture;
    ConnectionPool& pool = fixture.pool;
    {
      const PooledConnection first = pool.acquire(Access::Read);
      const PooledConnection second = pool.acquire(Access::Read, 60s);
    }
    CHECK(fixture.handles() == 3);
    fixture.clock->advance(31s);
    pool.tick();
    CHECK(fixture.handles() == 2);
    CHECK(pool.recommendations().figures.targetSize == 2);
    const PooledConnection first = pool.acquire(Access::Read);
    CHECK_FALSE(pool.tryAcquire(Access::Read));
  }

  TEST_CASE("while memory is short no handle is added") {
    const Watchdog watchdog("dynamic sizing");
    Dynamic fixture;
    fixture.pool.reportMemoryPressure(MemoryStage::Pressure);
    const PooledConnection first = fixture.pool.acquire(Access::Read);
    CHECK(codeOf([&] { fixture.pool.acquire(Access::Read, 50ms); }) == ErrorCode::PoolExhausted);
    CHECK(fixture.handles() == 2);
    fixture.pool.reportMemoryPressure(MemoryStage::Normal);
    const PooledConnection second = fixture.pool.acquire(Access::Read, 60s);
    CHECK(fixture.handles() == 3);
  }

  TEST_CASE("without a reader at all the first one is opened at once") {
    Dynamic fixture;
    fixture.pool.close();
    fixture.config.minPoolSize = 1;
    fixture.open();
    CHECK(fixture.handles() == 1);
    CHECK(fixture.pool.tryAcquire(Access::Read));
    CHECK(fixture.handles() == 2);
  }

  TEST_CASE("recommendations rest on the figures of the last rounds") {
    const Watchdog watchdog("recommendations");
    PoolFixture fixture(2);
    fixture.config.memoryLimit = 64 * MiB;
    fixture.openWithRows(10);
    ConnectionPool& pool = fixture.pool;
    CHECK(pool.recommendations().figures.rounds == 0);
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 20; ++i) {
        std::optional<PooledConnection> reader(pool.acquire(Access::Read));
        std::jthread waiting([&] { CHECK_FALSE(codeOf([&] { pool.query("SELECT 1"); })); });
        CHECK(eventually([&] { return pool.metrics().pendingRequests == 1; }));
        if (i == 19) pool.tick();
        reader.reset();
      }
    }
    const SizingReport report = pool.recommendations();
    CHECK(report.figures.rounds == 3);
    CHECK(report.figures.readWaits == 60);
    CHECK(report.figures.acquires >= 120);
    CHECK(report.figures.utilisation == doctest::Approx(50));
    CHECK(report.figures.idleHandles == 2);
    CHECK(report.figures.poolSize == 2);
    CHECK(report.figures.targetSize == 2);
    CHECK(report.figures.memoryLimit == 64 * MiB);
    REQUIRE(report.advice.size() == 2);
    CHECK(report.advice[0].knob == SizingKnob::PoolSize);
    CHECK(report.advice[0].suggested == 3);
    CHECK(report.advice[1].knob == SizingKnob::MemoryLimit);
    CHECK(report.advice[1].suggested < 16 * MiB);
  }
}
