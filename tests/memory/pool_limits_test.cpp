// One memory limit for the process, however many pools there are.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <memory>

#include "policy/memory_budget.hpp"
#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Limits {
  std::int64_t soft = sqlite3_soft_heap_limit64(-1);
  std::int64_t hard = sqlite3_hard_heap_limit64(-1);
  bool operator==(const Limits&) const = default;
};

Limits limitsOf(std::int64_t limit) {
  const MemoryShares shares = divideMemory(limit, 1);
  return {shares.softLimit, shares.hardLimit};
}

std::int64_t cacheBytes(ConnectionPool& pool, Access access) {
  return -pool.acquire(access)->queryValue<std::int64_t>("PRAGMA cache_size").value() * KiB;
}

}  // namespace

TEST_SUITE("memory/limits") {
  TEST_CASE("memoryLimit becomes SQLite's heap limits while the pool is open") {
    PoolFixture fixture(4);
    fixture.config.memoryLimit = 4 * MiB;
    CHECK(Limits() == Limits{0, 0});
    const OpenReport report = fixture.pool.open(fixture.config);
    CHECK(sqlite3_hard_heap_limit64(-1) == 4 * MiB);
    CHECK(sqlite3_soft_heap_limit64(-1) == 3 * MiB);
    CHECK(report.cacheBytesPerHandle == divideMemory(4 * MiB, 4).cachePerHandle);
    CHECK(cacheBytes(fixture.pool, Access::Write) <= report.cacheBytesPerHandle + KiB);
    CHECK(fixture.pool.metrics().memoryLimitBytes == 4 * MiB);
    fixture.pool.close();
    CHECK(Limits() == Limits{0, 0});
  }

  TEST_CASE("a pool without a limit leaves the limits of others alone, the application's too") {
    sqlite3_soft_heap_limit64(20 * MiB);
    PoolFixture fixture(2);
    fixture.open();
    CHECK(sqlite3_soft_heap_limit64(-1) == 20 * MiB);
    fixture.pool.close();
    CHECK(sqlite3_soft_heap_limit64(-1) == 20 * MiB);
    sqlite3_soft_heap_limit64(0);
  }

  TEST_CASE("limits that the application had set are put back when the last pool with a limit closes") {
    sqlite3_soft_heap_limit64(20 * MiB);
    sqlite3_hard_heap_limit64(30 * MiB);
    PoolFixture fixture(2);
    fixture.config.memoryLimit = 4 * MiB;
    fixture.open();
    CHECK(Limits() == limitsOf(4 * MiB));
    fixture.pool.close();
    CHECK(Limits() == Limits{20 * MiB, 30 * MiB});
    sqlite3_hard_heap_limit64(0);
    sqlite3_soft_heap_limit64(0);
  }

  TEST_CASE("an open() that fails leaves no limit behind") {
    PoolFixture fixture(2);
    fixture.config.memoryLimit = 4 * MiB;
    fixture.config.database = fixture.directory.path();
    CHECK(codeOf([&] { fixture.open(); }) == ErrorCode::CannotOpen);
    CHECK(Limits() == Limits{0, 0});
  }

  TEST_CASE("of several pools the smallest limit holds, divided over the handles of all") {
    PoolFixture first(2);
    PoolFixture second(6);
    PoolFixture third(4);
    first.config.memoryLimit = 8 * MiB;
    second.config.memoryLimit = 4 * MiB;
    first.open();
    CHECK(Limits() == limitsOf(8 * MiB));
    const std::int64_t alone = cacheBytes(first.pool, Access::Write);
    CHECK(alone == divideMemory(8 * MiB, 2).cachePerHandle / KiB * KiB + KiB);
    second.open();
    CHECK(Limits() == limitsOf(4 * MiB));
    third.open();
    CHECK(Limits() == limitsOf(4 * MiB));
    const std::int64_t share = divideMemory(4 * MiB, 12).cachePerHandle;
    for (PoolFixture* fixture : {&first, &second, &third}) {
      for (const Access access : {Access::Write, Access::Read}) {
        const std::int64_t cache = cacheBytes(fixture->pool, access);
        CHECK(cache >= share);
        CHECK(cache < share + KiB);
      }
      CHECK(fixture->pool.metrics().memoryLimitBytes == 4 * MiB);
    }
    second.pool.close();
    CHECK(Limits() == limitsOf(8 * MiB));
    third.pool.close();
    CHECK(cacheBytes(first.pool, Access::Write) == alone);
    first.pool.close();
    CHECK(Limits() == Limits{0, 0});
  }

  TEST_CASE("a cache size that was configured stays, whoever joins") {
    PoolFixture first(2);
    first.config.memoryLimit = 4 * MiB;
    first.config.cacheSize = 128 * KiB;
    first.open();
    CHECK(cacheBytes(first.pool, Access::Write) == 128 * KiB);
    PoolFixture second(8);
    second.open();
    CHECK(cacheBytes(first.pool, Access::Write) == 128 * KiB);
    CHECK(cacheBytes(first.pool, Access::Read) == 128 * KiB);
  }

  TEST_CASE("a setting that the pool itself adapts is no state to restore") {
    PoolFixture first(2);
    first.config.memoryLimit = 4 * MiB;
    first.open();
    PoolFixture second(8);
    second.open();
    cacheBytes(first.pool, Access::Write);
    CHECK(first.pool.metrics().statesRestored == 0);
    // And it is the adapted size that a lease's own change goes back to.
    const std::int64_t adapted = cacheBytes(first.pool, Access::Write);
    first.pool.acquire()->run("PRAGMA cache_size=3");
    CHECK(cacheBytes(first.pool, Access::Write) == adapted);
  }
}
