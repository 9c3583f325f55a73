// Checkpoints while others, who know nothing of the pool, write the same database.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "connection/connection_impl.hpp"
#include "support/damage.hpp"
#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct TwoWriters {
  explicit TwoWriters(std::chrono::milliseconds patience = 20ms) {
    f.config.busyTimeout = patience;
    f.config.checkpointPages = 10'000;
    f.openWithRows(200);
    other.emplace(f.config.database);
    other->run("PRAGMA wal_autocheckpoint=0");
    other->run("INSERT INTO item(name) VALUES ('of another process')");
  }
  std::string database() const { return fileContent(f.config.database); }

  PoolFixture f;
  std::optional<RawSqlite> other;
};

}  // namespace

TEST_SUITE("integration/checkpoint_beside_writer") {
  TEST_CASE("a checkpoint does not begin while somebody else writes") {
    TwoWriters t;
    const std::string before = t.database();
    t.other->run("BEGIN IMMEDIATE");
    const CheckpointReport report = t.f.pool.checkpoint();
    CHECK_FALSE(report.complete);
    CHECK_FALSE(report.truncated);
    CHECK(report.checkpointedPages == 0);
    CHECK(report.walPages > 0);
    CHECK(t.database() == before);
    t.other->run("COMMIT");
    CHECK(t.f.pool.checkpoint().truncated);
    CHECK(t.f.rows() == 201);
  }

  TEST_CASE("a checkpoint waits for who writes, as a write would") {
    TwoWriters t(kPatience);
    t.other->run("BEGIN IMMEDIATE");
    std::optional<CheckpointReport> report;
    std::jthread thread([&] { report = t.f.pool.checkpoint(); });
    CHECK(eventually([&] { return t.f.pool.metrics().activeConnections == 1; }));
    t.other->run("COMMIT");
    thread.join();
    REQUIRE(report.has_value());
    CHECK(report->complete);
  }

  TEST_CASE("nobody writes to the log while it is copied") {
    testing::FaultyDisk disk;
    TwoWriters t;
    disk.delay(testing::FileAction::Write, 20ms);
    const std::int64_t syncs = disk.syncs(testing::FileRole::Log);
    std::atomic<bool> over{false};
    std::jthread thread([&] {
      CHECK(t.f.pool.checkpoint().complete);
      over = true;
    });
    CHECK(eventually([&] { return disk.syncs(testing::FileRole::Log) > syncs; }));
    while (t.other->tryRun("BEGIN IMMEDIATE") == SQLITE_BUSY) std::this_thread::sleep_for(1ms);
    // Whoever got in was let in by the end of the copy; the thread has yet to say so.
    CHECK(eventually([&] { return over.load(); }));
    t.other->run("COMMIT");
  }

  TEST_CASE("a log is not copied instead where it cannot be cut") {
    TwoWriters t;
    const std::string before = t.database();
    t.other->run("BEGIN IMMEDIATE");
    {
      const PooledConnection lease = t.f.pool.acquire();
      const CheckpointReport report = lease->impl().checkpoint(CheckpointMode::Truncate);
      CHECK_FALSE(report.truncated);
      CHECK_FALSE(report.complete);
    }
    CHECK(t.database() == before);
    t.other->run("COMMIT");
    CHECK(t.f.rows() == 201);  // And what was stopped is not stopped any more.
    CHECK(t.f.pool.run("INSERT INTO item(name) VALUES ('after')").changes == 1);
    CHECK(t.f.isSound());
  }
}
