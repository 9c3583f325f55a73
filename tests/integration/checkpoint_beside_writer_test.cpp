// Checkpoints while others, who know nothing of the pool, write the same database.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "connection/connection_impl.hpp"
#include "core/steady_clock.hpp"
#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct TwoWriters {
  explicit TwoWriters(std::chrono::milliseconds patience = 20ms, int checkpointPages = 10'000) {
    f.config.busyTimeout = patience;
    f.config.checkpointPages = checkpointPages;
    f.openWithRows(200);
    other.emplace(f.config.database);
    other->run("PRAGMA wal_autocheckpoint=0");
    other->run("INSERT INTO item(name) VALUES ('of another process')");
  }

  PoolFixture f;
  std::optional<RawSqlite> other;
};

}  // namespace

TEST_SUITE("integration/checkpoint_beside_writer") {
  TEST_CASE("a checkpoint does not begin while somebody else writes") {
    testing::FaultyDisk disk;
    TwoWriters t;
    const std::int64_t copies = disk.syncs(testing::FileRole::Database);
    t.other->run("BEGIN IMMEDIATE");
    const CheckpointReport report = t.f.pool.checkpoint();
    CHECK_FALSE(report.complete);
    CHECK_FALSE(report.truncated);
    CHECK(report.checkpointedPages == 0);
    CHECK(report.walPages > 0);
    CHECK(disk.syncs(testing::FileRole::Database) == copies);
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

  TEST_CASE("a call that makes room in the log waits for who writes no longer than it may") {
    constexpr int kCheckpointPages = 16;
    TwoWriters t(kPatience, kCheckpointPages);
    t.other->run("BEGIN");
    CHECK(t.other->integer("SELECT count(*) FROM item") == 201);
    t.f.pool.run("INSERT INTO item(name) SELECT printf('%01000d', i.id) FROM item AS i, item LIMIT 2000");
    t.other->run("COMMIT");
    t.other->run("BEGIN IMMEDIATE");
    const SteadyTime start = SteadyClock::now();
    CHECK(codeOf([&] { t.f.pool.tryAcquire(); }) == ErrorCode::StorageFull);
    CHECK(SteadyClock::now() - start < kPatience / 2);
    t.other->run("COMMIT");
    CHECK(t.f.pool.tryAcquire().has_value());
  }

  TEST_CASE("nobody writes to the log while it is copied") {
    testing::FaultyDisk disk;
    TwoWriters t;
    disk.delay(testing::FileAction::Write, 20ms);
    const std::int64_t begun = disk.syncs(testing::FileRole::Log);
    const std::int64_t copies = disk.syncs(testing::FileRole::Database);
    std::jthread thread([&] { CHECK(t.f.pool.checkpoint().complete); });
    CHECK(eventually([&] { return disk.syncs(testing::FileRole::Log) > begun; }));
    CHECK(eventually([&] { return t.other->tryRun("BEGIN IMMEDIATE") == SQLITE_OK; }));
    CHECK(disk.syncs(testing::FileRole::Database) > copies);  // The last that a copy does.
    t.other->run("COMMIT");
  }

  TEST_CASE("a log is not copied instead where it cannot be cut") {
    testing::FaultyDisk disk;
    TwoWriters t;
    const std::int64_t copies = disk.syncs(testing::FileRole::Database);
    t.other->run("BEGIN IMMEDIATE");
    {
      const PooledConnection lease = t.f.pool.acquire();
      const CheckpointReport report = lease->impl().checkpoint(CheckpointMode::Truncate, SteadyTime::max());
      CHECK_FALSE(report.truncated);
      CHECK_FALSE(report.complete);
    }
    CHECK(disk.syncs(testing::FileRole::Database) == copies);
    t.other->run("COMMIT");
    CHECK(t.f.rows() == 201);  // And what was stopped is not stopped any more.
    CHECK(t.f.pool.run("INSERT INTO item(name) VALUES ('after')").changes == 1);
    CHECK(t.f.isSound());
  }
}
