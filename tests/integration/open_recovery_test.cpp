// What a process that died left behind.

#include <doctest/doctest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include <holdfast/holdfast.hpp>

#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using holdfast::OpenReport;
using holdfast::Transaction;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;

namespace {

/// Runs `body` in a child that is killed at its end, or before: where it stands when it waits.
void inKilledChild(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
}

}  // namespace

TEST_SUITE("integration/open_recovery") {
  TEST_CASE("what a killed process had committed is there and the log is reported") {
    PoolFixture f;
    inKilledChild([&] {
      f.openWithRows(0);
      for (int i = 0; i < 25; ++i) f.pool.run("INSERT INTO item(name) VALUES ('committed')");
    });
    REQUIRE(std::filesystem::file_size(f.config.database + "-wal") > 0);
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.recoveredLog);
    CHECK_FALSE(report.created);
    CHECK(f.rows() == 25);
    CHECK(f.pool.queryValue<std::string>("PRAGMA integrity_check") == "ok");
    f.pool.close();
    CHECK_FALSE(f.pool.open(f.config).recoveredLog);
  }

  TEST_CASE("what a killed process had not committed is not there") {
    PoolFixture f;
    f.config.cacheSize = 64 * holdfast::KiB;
    inKilledChild([&] {
      f.openWithRows(3);
      Transaction tx = f.pool.begin();
      for (int i = 0; i < 300; ++i) tx.run("INSERT INTO item(name) VALUES (hex(zeroblob(1500)))");
      Transaction nested = tx.begin();
      nested.run("DELETE FROM item");
      nested.commit();
      ::kill(::getpid(), SIGKILL);
    });
    CHECK(f.pool.open(f.config).recoveredLog);
    CHECK(f.rows() == 3);
    f.pool.run("INSERT INTO item(name) VALUES ('goes on')");
    CHECK(f.pool.queryValue<std::string>("PRAGMA integrity_check") == "ok");
  }

  TEST_CASE("what was acknowledged before the kill is there whenever the kill comes") {
    PoolFixture f;
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      f.config.checkpointPages = 16;
      f.openWithRows(0);
      for (std::int64_t i = 1;; ++i) {
        f.pool.transaction([&](Transaction& tx) { tx.run("INSERT INTO item(id, name) VALUES (?, 'x')", i); });
        if (::write(pipe[1], &i, sizeof i) != sizeof i) ::_exit(1);
      }
    }
    ::close(pipe[1]);
    std::int64_t acknowledged = 0;
    while (acknowledged < 60) REQUIRE(::read(pipe[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    std::int64_t more = 0;
    while (::read(pipe[0], &more, sizeof more) == sizeof more) acknowledged = more;
    ::close(pipe[0]);
    f.open();
    CHECK(f.pool.queryValue<std::int64_t>("SELECT max(id) FROM item").value() >= acknowledged);
    CHECK(f.rows() == f.pool.queryValue<std::int64_t>("SELECT max(id) FROM item"));
    CHECK(f.pool.queryValue<std::string>("PRAGMA integrity_check") == "ok");
  }

  TEST_CASE("a process killed while it opens leaves a file that opens") {
    PoolFixture f;
    inKilledChild([&] {
      f.pool.subscribe([](const holdfast::Event& event) {
        if (event.kind == holdfast::EventKind::ConnectionCreated) ::kill(::getpid(), SIGKILL);
      });
      f.open();
    });
    REQUIRE(std::filesystem::exists(f.config.database));
    f.openWithRows(1);
    CHECK(f.rows() == 1);
  }

  TEST_CASE("a rollback journal of another program is rolled back") {
    PoolFixture f;
    inKilledChild([&] {
      RawSqlite raw(f.config.database);
      raw.run("PRAGMA journal_mode=DELETE");
      raw.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
      raw.run("INSERT INTO item(name) VALUES ('kept')");
      raw.run("PRAGMA cache_size=5");
      raw.run(
          "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
          "INSERT INTO item(name) SELECT hex(zeroblob(1000)) FROM n");
      ::kill(::getpid(), SIGKILL);
    });
    REQUIRE(std::filesystem::exists(f.config.database + "-journal"));
    f.open();
    CHECK(f.rows() == 1);
    CHECK(f.pool.queryValue<std::string>("PRAGMA integrity_check") == "ok");
  }
}
