// Posted work while nothing can be written.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

/// Work is written when a test asks for it.
struct Opened : FaultyVfs, PoolFixture {
  Opened() {
    config.postDelay = 1h;
    openWithRows(0);
    pool.run("CREATE UNIQUE INDEX names ON item(name)");
  }
  Future<RunResult> post(const std::string& name) { return pool.post("INSERT INTO item(name) VALUES (?)", name); }
  Watchdog watchdog{"posted work does not end"};
};

}  // namespace

TEST_SUITE("integration/post_storage") {
  TEST_CASE("what is posted stays queued while another process holds the lock") {
    Opened f;
    f.config.acquireTimeout = 20ms;
    f.reopen();
    RawSqlite other(f.config.database);
    other.run("BEGIN IMMEDIATE");
    Future<RunResult> posted = f.post("posted");
    const auto error = errorOf([&] { f.pool.flush(); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Busy);
    CHECK(contains(error->what(), "stays queued"));
    CHECK(f.pool.metrics().transactionRetries > 0);
    CHECK_FALSE(posted.ready());
    CHECK(f.pool.metrics().pendingPosts == 1);
    other.run("COMMIT");
    f.pool.flush();
    CHECK(posted.get().changes == 1);
    CHECK(f.names() == "posted");
  }

  TEST_CASE("what is posted stays queued where no transaction can be begun") {
    Opened f;
    Future<RunResult> posted = f.post("posted");
    RawSqlite(f.config.database).run("CREATE TABLE theirs(x)");  // So that the first page has to be read again.
    f.fail(FileRole::Log, FileAction::Read, SQLITE_IOERR_READ);
    CHECK(codeOf([&] { f.pool.flush(); }) == ErrorCode::IoError);
    CHECK(f.refused() > 0);
    f.heal();
    CHECK_FALSE(posted.ready());
    f.clock->advance(f.config.openRetryDelay);  // The handle could not be replaced either.
    f.pool.flush();
    CHECK(posted.get().changes == 1);
    CHECK(f.names() == "posted");
  }

  TEST_CASE("posted work that has a deadline fails by it where no transaction can be begun") {
    Opened f;
    RawSqlite(f.config.database).run("CREATE TABLE theirs(x)");  // So that the first page has to be read again.
    f.fail(FileRole::Log, FileAction::Read, SQLITE_IOERR_READ);
    Future<RunResult> patient = f.post("patient");
    std::stop_source stop;
    const auto add = [](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('hasty')"); };
    Future<void> hasty = f.pool.post(add, {.timeout = 1ms});
    Future<void> stopped = f.pool.post(add, {.cancel = stop.get_token()});
    stop.request_stop();
    CHECK(eventually([&] { return errorOf([&] { f.pool.flush(); }).has_value() && hasty.ready(); }));
    const auto error = errorOf([&] { hasty.get(); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Timeout);
    CHECK(contains(error->what(), "could not be written"));
    CHECK(codeOf([&] { stopped.get(); }) == ErrorCode::Interrupted);
    CHECK_FALSE(patient.ready());
    CHECK(f.pool.metrics().pendingPosts == 1);
    f.heal();
    f.clock->advance(f.config.openRetryDelay);
    f.pool.flush();
    CHECK(patient.get().changes == 1);
    CHECK(f.names() == "patient");
  }

  TEST_CASE("a commit of posted work that fails fails all of its futures and none of the changes is there") {
    Opened f;
    std::vector<Future<RunResult>> futures;
    for (const char* name : {"a", "b"}) futures.push_back(f.post(name));
    Future<RunResult> nonsense = f.pool.post("this is not sql");
    f.fail(FileRole::Log, FileAction::Write, SQLITE_FULL);
    f.pool.flush();
    CHECK(f.refused() > 0);
    f.heal();
    for (auto& future : futures) CHECK(codeOf([&] { future.get(); }) == ErrorCode::StorageFull);
    CHECK(codeOf([&] { nonsense.get(); }) == ErrorCode::InvalidSql);
    CHECK(f.names().empty());
    f.post("later");
    f.pool.flush();
    CHECK(f.names() == "later");
  }

  TEST_CASE("work that is undone because of others is written before them the next time") {
    Opened f;
    f.pool.run("INSERT INTO item(name) VALUES ('taken')");
    // Each brings the ones before it down with it.
    Future<RunResult> unlucky = f.post("unlucky");
    std::vector<Future<RunResult>> bad;
    for (int i = 0; i < 10; ++i) {
      bad.push_back(f.pool.post("INSERT OR ROLLBACK INTO item(name) VALUES ('taken')"));
    }
    f.pool.flush();
    CHECK(unlucky.get().changes == 1);
    for (auto& future : bad) CHECK(codeOf([&] { future.get(); }) == ErrorCode::Constraint);
    CHECK(f.names() == "taken unlucky");
  }
}
