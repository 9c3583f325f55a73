// The stages that the device and the application ask for, action by action.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr std::int64_t kLimit = 8 * MiB;

/// A pool of four with warm handles, on a device made up.
struct Device : PoolFixture {
  Device() : PoolFixture(4) {
    config.memoryLimit = kLimit;
    config.minPoolSize = 2;
    config.memorySignals = true;
    config.memorySignalsRoot = root;
    openWithRows(20000);
    warm();
    events->clear();
  }
  void warm() {
    std::vector<PooledConnection> readers;
    while (readers.size() < 3) readers.push_back(pool.acquire(Access::Read));
    for (PooledConnection& reader : readers) reader->query("SELECT sum(length(name)) FROM item");
  }
  void write(const std::string& path, const std::string& content) const {
    const std::filesystem::path file = root + "/" + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }
  MemoryStage stage() { return pool.metrics().memoryStage; }
  /// "releasePageCaches smallerPageCaches", in the order of the events so far.
  std::string actions() {
    std::string text;
    for (const Event& event : events->of(EventKind::MemoryAction)) text += (text.empty() ? "" : " ") + event.detail;
    events->clear();
    return text;
  }
  std::int64_t cacheLimit(Access access) {
    return -pool.acquire(access)->queryValue<std::int64_t>("PRAGMA cache_size").value() * KiB;
  }

  TempDirectory device;
  std::string root = device.path();
};

constexpr char kPressure[] = "shrinkRepositoryCaches releasePageCaches smallerPageCaches";

}  // namespace

TEST_SUITE("memory/actions") {
  TEST_CASE("under the application's pressure caches are released and kept smaller until it ends") {
    Device device;
    const std::int64_t before = sqlite3_memory_used();
    const std::int64_t cache = device.cacheLimit(Access::Read);
    device.pool.reportMemoryPressure(MemoryStage::Pressure);
    CHECK(device.stage() == MemoryStage::Pressure);
    CHECK(sqlite3_memory_used() < before - MiB);
    CHECK(device.events->of(EventKind::MemoryPressure).at(0).detail.starts_with("memory is pressure (application)"));
    CHECK(device.actions() == kPressure);
    CHECK(device.cacheLimit(Access::Read) <= cache / 2 + KiB);
    CHECK(device.pool.metrics().totalConnections == 4);
    CHECK_FALSE(codeOf([&] { device.pool.run("DELETE FROM item WHERE id = 1"); }));
    device.pool.tick();
    CHECK(device.actions().empty());  // Told once.
    device.pool.reportMemoryPressure(MemoryStage::Normal);
    CHECK(device.stage() == MemoryStage::Normal);
    CHECK(device.events->count(EventKind::MemoryNormal) == 1);
    CHECK(device.actions() == "smallerPageCaches undone");
    CHECK(device.cacheLimit(Access::Read) >= cache - KiB);
  }

  TEST_CASE("under the application's pressure housekeeping releases again what was filled since") {
    Device device;
    device.pool.reportMemoryPressure(MemoryStage::Pressure);
    device.warm();
    const std::int64_t filled = sqlite3_memory_used();
    device.pool.run("DELETE FROM item WHERE id = 1");  // Not at each call.
    CHECK(device.pool.metrics().memoryReliefs == 1);
    device.pool.tick();
    CHECK(device.pool.metrics().memoryReliefs == 2);
    CHECK(sqlite3_memory_used() < filled - 100 * KiB);
  }

  TEST_CASE("when the application says critical idle handles go and transactions are refused but not control") {
    Device device;
    ConnectionPool& pool = device.pool;
    const std::uint64_t misses = pool.metrics().statementCacheMisses;
    pool.reportMemoryPressure(MemoryStage::Critical);
    CHECK(device.stage() == MemoryStage::Critical);
    CHECK(device.actions() == std::string(kPressure) + " shrinkStatementCaches closeIdleHandles refuseTransactions");
    CHECK(pool.metrics().totalConnections == 2);
    CHECK(codeOf([&] { pool.run("DELETE FROM item WHERE id = 1"); }) == ErrorCode::MemoryLimit);
    CHECK(codeOf([&] { pool.transaction([](Transaction&) {}); }) == ErrorCode::MemoryLimit);
    CHECK(codeOf([&] { pool.post("DELETE FROM item WHERE id = 1"); }) == ErrorCode::MemoryLimit);
    CHECK(pool.with({.priority = Priority::Control}).run("DELETE FROM item WHERE id = 1").changes == 1);
    CHECK_FALSE(codeOf([&] { pool.transaction([](Transaction&) {}, {.priority = Priority::Control}); }));
    CHECK(device.rows() == 19999);
    CHECK(pool.metrics().statementCacheMisses > misses);
    const MemoryReport report = pool.memory();
    CHECK(report.refusesTransactions);
    CHECK(report.actions.size() == 6);
    CHECK(report.reasons == std::vector{MemorySource::Application});
    SUBCASE("and it falls in steps") {
      device.events->clear();
      pool.reportMemoryPressure(MemoryStage::Pressure);
      CHECK(device.actions() == "refuseTransactions undone");
      CHECK_FALSE(codeOf([&] { pool.run("DELETE FROM item WHERE id = 2"); }));
      CHECK(pool.memory().actions.size() == 3);
    }
    SUBCASE("and ends") {
      device.events->clear();
      pool.reportMemoryPressure(MemoryStage::Normal);
      CHECK(device.actions() == "smallerPageCaches undone refuseTransactions undone");
      CHECK_FALSE(codeOf([&] { pool.run("DELETE FROM item WHERE id = 2"); }));
    }
    SUBCASE("and is forgotten when the pool closes") {
      pool.close();
      CHECK(codeOf([&] { pool.reportMemoryPressure(MemoryStage::Normal); }) == ErrorCode::PoolClosed);
      device.open();
      CHECK(device.stage() == MemoryStage::Normal);
      CHECK_FALSE(codeOf([&] { pool.run("DELETE FROM item WHERE id = 2"); }));
    }
  }

  TEST_CASE("a control group near its limit is critical and refuses nobody") {
    Device device;
    device.pool.tick();
    CHECK(device.stage() == MemoryStage::Normal);
    device.write("proc/self/cgroup", "0::/\n");
    device.write("sys/fs/cgroup/memory.current", "980\n");
    device.write("sys/fs/cgroup/memory.max", "1000\n");
    device.pool.tick();
    CHECK(device.stage() == MemoryStage::Critical);
    CHECK(device.events->of(EventKind::MemoryPressure).at(0).detail.starts_with("memory is critical (cgroup)"));
    CHECK(device.actions() == std::string(kPressure) + " shrinkStatementCaches closeIdleHandles");
    CHECK_FALSE(codeOf([&] { device.pool.run("DELETE FROM item WHERE id = 1"); }));
    const MemoryReport report = device.pool.memory();
    CHECK(report.actions.size() == 5);
    CHECK_FALSE(report.refusesTransactions);
    CHECK(report.signals.cgroup.currentBytes == 980);
    CHECK(contains(toJson(report).dump(), "\"workingSetBytes\":980"));
    device.write("sys/fs/cgroup/memory.current", "500\n");
    device.pool.tick();
    CHECK(device.stage() == MemoryStage::Normal);
  }

  TEST_CASE("stalls are heeded and not where signals are switched off") {
    Device device;
    device.write("proc/pressure/memory", "some avg10=30.00\nfull avg10=1.00\n");
    device.pool.tick();
    CHECK(device.stage() == MemoryStage::Pressure);
    CHECK(device.pool.memory().reasons == std::vector{MemorySource::Stall});
    CHECK(contains(toJson(device.pool.memory()).dump(), "\"stall\":{"));
    device.pool.close();
    device.config.memorySignals = false;
    device.open();
    device.pool.tick();
    CHECK(device.stage() == MemoryStage::Normal);
  }

  TEST_CASE("resident memory beside its limit is heeded also where the device's signals are not") {
    Device device;
    device.pool.close();
    device.config.memorySignals = false;
    device.config.residentLimit = MiB;
    device.config.memoryLimit = 0;
    device.write("proc/self/statm", "100 1 0\n");
    device.write("proc/pressure/memory", "some avg10=30.00\nfull avg10=30.00\n");
    device.open();
    device.pool.tick();
    CHECK(device.stage() == MemoryStage::Normal);
    device.write("proc/self/statm", "100000 90000 0\n");
    device.pool.tick();
    CHECK(device.stage() == MemoryStage::Critical);
    CHECK(codeOf([&] { device.pool.run("DELETE FROM item WHERE id = 1"); }) == ErrorCode::MemoryLimit);
    device.write("proc/self/statm", "100 1 0\n");
    device.pool.tick();
    CHECK_FALSE(codeOf([&] { device.pool.run("DELETE FROM item WHERE id = 1"); }));
  }
}
