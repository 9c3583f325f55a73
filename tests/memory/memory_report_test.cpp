// Who holds what, and page caches by need.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "policy/memory_budget.hpp"
#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

std::int64_t sumOf(const MemoryReport& report) {
  std::int64_t bytes = 0;
  for (const HandleMemory& handle : report.handles) bytes += handle.totalBytes();
  return bytes;
}

std::int64_t cacheSum(const MemoryReport& report) {
  std::int64_t bytes = 0;
  for (const HandleMemory& handle : report.handles) bytes += handle.cacheLimitBytes;
  return bytes;
}

struct Warm : PoolFixture {
  Warm() : PoolFixture(4) {
    config.memoryLimit = 4 * MiB;
    config.minPoolSize = 4;
    openWithRows(20000);
    readOn(3);
  }
  /// So many readers at once read the whole table.
  void readOn(std::size_t count) {
    std::vector<PooledConnection> readers;
    while (readers.size() < count) readers.push_back(pool.acquire(Access::Read));
    for (PooledConnection& reader : readers) reader->query("SELECT sum(length(name)) FROM item");
  }
};

}  // namespace

TEST_SUITE("memory/report") {
  TEST_CASE("handles, the rest and the whole heap add up") {
    Warm fixture;
    const MemoryReport report = fixture.pool.memory();
    CHECK(report.heap.usedBytes > 0);
    CHECK(report.heap.peakBytes >= report.heap.usedBytes);
    CHECK(report.heap.hardLimitBytes == 4 * MiB);
    CHECK(report.heap.softLimitBytes == 3 * MiB);
    CHECK(report.heap.allocations > 10);
    CHECK(report.heap.largestAllocationBytes > 1000);
    CHECK(report.limitBytes == 4 * MiB);
    REQUIRE(report.handles.size() == 4);
    CHECK(report.handles[0].access == Access::Write);
    CHECK(report.handles[1].access == Access::Read);
    for (const HandleMemory& handle : report.handles) {
      CHECK_FALSE(handle.inUse);
      CHECK(handle.connectionId > 0);
      CHECK(handle.cacheBytes > 50 * KiB);
      CHECK(handle.cacheLimitBytes == divideMemory(4 * MiB, 4).cachePerHandle);
      CHECK(handle.schemaBytes > 0);
      CHECK(handle.statementBytes > 0);
    }
    CHECK(report.otherBytes == report.heap.usedBytes - sumOf(report));
    CHECK(report.otherBytes < 200 * KiB);
    CHECK(report.changeLogBytes > 0);
    CHECK(report.stage == MemoryStage::Normal);
    CHECK(report.reasons.empty());
    CHECK(report.actions.empty());
  }

  TEST_CASE("a handle in use gives its last known figures and one never seen gives none") {
    Warm fixture;
    PooledConnection lease = fixture.pool.acquire(Access::Read);
    MemoryReport report = fixture.pool.memory();
    CHECK(std::count_if(report.handles.begin(), report.handles.end(),
                        [](const HandleMemory& handle) { return handle.inUse; }) == 1);
    const std::uint64_t id = lease->id();
    const auto figures = [&] {
      report = fixture.pool.memory();
      return *std::find_if(report.handles.begin(), report.handles.end(),
                           [id](const HandleMemory& handle) { return handle.connectionId == id; });
    };
    CHECK(figures().cacheBytes == 0);
    lease.release();
    const std::int64_t known = figures().cacheBytes;
    CHECK(known > 50 * KiB);
    PooledConnection again = fixture.pool.acquire(Access::Read);
    REQUIRE(again->id() == id);
    CHECK(figures().cacheBytes == known);
    CHECK(figures().inUse);
  }

  TEST_CASE("looking disturbs neither an open transaction nor the lanes") {
    Warm fixture;
    Transaction tx = fixture.pool.begin();
    tx.run("DELETE FROM item WHERE id = 1");
    CHECK(fixture.pool.memory().handles.size() == 4);
    tx.run("DELETE FROM item WHERE id = 2");
    tx.commit();
    CHECK(fixture.rows() == 19998);
  }

  TEST_CASE("posted work is counted with its bytes") {
    Warm fixture;
    fixture.pool.post("DELETE FROM item WHERE name = ?", std::string(5000, 'x'));
    const MemoryReport report = fixture.pool.memory();
    CHECK(report.postedPieces == 1);
    CHECK(report.postedBytes >= 5000);
    fixture.pool.flush();
    CHECK(fixture.pool.memory().postedPieces == 0);
    CHECK(fixture.pool.memory().postedBytes == 0);
  }

  TEST_CASE("JSON and the one line tell who holds what") {
    Warm fixture;
    const MemoryReport report = fixture.pool.memory();
    const nlohmann::json json = toJson(report);
    CHECK(json.size() == 16);
    CHECK(json["heap"].size() == 6);
    CHECK(json["handles"].size() == 4);
    CHECK(json["handles"][0].size() == 8);
    CHECK(json["handles"][0]["access"] == "write");
    CHECK(json["heavyStatements"]["allowed"] == 5);
    CHECK(json["stage"] == "normal");
    CHECK_FALSE(json["signals"].contains("cgroup"));
    const std::string line = report.summary();
    CHECK(contains(line, "/4.0 MiB (normal): page caches "));
    CHECK(contains(line, " in 4 handles, statements "));
    CHECK(contains(line, "; most: #"));
    CHECK(
        MemoryReport().summary() ==
        "memory 0.0 MiB (normal): page caches 0 KiB in 0 handles, statements 0 KiB, schemas 0 KiB, running and others "
        "0 KiB, repository caches 0 KiB, posted work 0 KiB");
  }

  TEST_CASE("an error of the memory limit says who holds most") {
    Warm fixture;
    fixture.pool.memory();
    const std::optional<Error> error = errorOf([&] { fixture.pool.query("SELECT length(randomblob(5000000))"); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::MemoryLimit);
    CHECK(contains(error->context(), "page caches "));
    CHECK(contains(error->context(), "running and others"));
  }

  TEST_CASE("a closed pool has no report") {
    ConnectionPool pool;
    CHECK(codeOf([&] { pool.memory(); }) == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { pool.recommendations(); }) == ErrorCode::PoolClosed);
  }

  TEST_CASE("readers that are used get cache from those that are not and give it back") {
    Warm fixture;
    const std::int64_t total = 4 * divideMemory(4 * MiB, 4).cachePerHandle;
    fixture.pool.tick();
    const auto one = [&] {
      for (int i = 0; i < 50; ++i) fixture.pool.query("SELECT * FROM item WHERE id = ?", i);
      fixture.pool.tick();
    };
    for (int round = 0; round < 6; ++round) {
      one();
      fixture.readOn(3);  // Which has them look at their shares.
      CHECK(cacheSum(fixture.pool.memory()) <= total);
    }
    const auto limits = [&] {
      std::vector<std::int64_t> bytes;
      for (const HandleMemory& handle : fixture.pool.memory().handles) bytes.push_back(handle.cacheLimitBytes);
      return bytes;
    };
    std::vector<std::int64_t> shares = limits();
    const auto busiest = std::max_element(shares.begin(), shares.end()) - shares.begin();
    CHECK(busiest > 0);  // Nothing was written.
    CHECK(shares[static_cast<std::size_t>(busiest)] > total / 3);
    CHECK(shares[0] < total / 8);
    for (int round = 0; round < 6; ++round) {
      for (int i = 0; i < 50; ++i) fixture.pool.run("DELETE FROM item WHERE id = ?", i);
      fixture.pool.tick();
    }
    shares = limits();
    CHECK(shares[0] > total / 2);
  }

  TEST_CASE("a handle that is closed leaves its share to the others") {
    Warm fixture;
    fixture.pool.close();
    fixture.config.minPoolSize = 1;
    fixture.open();
    for (int round = 0; round < 4; ++round) {
      fixture.pool.run("DELETE FROM item WHERE id = ?", round);
      fixture.pool.tick();
    }
    const MemoryReport report = fixture.pool.memory();
    REQUIRE(report.handles.size() == 1);
    CHECK(report.handles[0].cacheLimitBytes > 3 * divideMemory(4 * MiB, 4).cachePerHandle);
  }
}
