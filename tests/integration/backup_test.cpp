// Backups of an open database, looked at by plain SQLite.

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "integration/backup_fixture.hpp"
#include "support/child_process.hpp"
#include "support/raw_sqlite.hpp"
#include "support/small_file_system.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

TEST_SUITE("integration/backup") {
  TEST_CASE("a backup is one private sound file with everything that was committed") {
    BackupFixture f;
    f.openWithRows(0);
    f.pool.run("PRAGMA user_version=5");
    f.pool.run("PRAGMA application_id=-77");
    f.addRows(300);
    const BackupReport report = f.pool.backup(f.target, {.pagesPerStep = 10, .pause = 0ms});
    CHECK(report.path == f.target);
    CHECK(report.pages * 4096 == report.bytes);
    CHECK(static_cast<std::uintmax_t>(report.bytes) == fs::file_size(f.target));
    CHECK(report.userVersion == 5);
    CHECK(report.steps >= 8);
    CHECK(report.restarts == 0);
    CHECK(report.previous.empty());
    CHECK(report.warnings.empty());
    CHECK(report.took >= report.longestStep);
    CHECK(f.others() == Names{"backup.db"});
    struct ::stat status {};
    REQUIRE(::stat(f.target.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
    RawSqlite copy(f.target);
    CHECK(copy.text("PRAGMA integrity_check") == "ok");
    CHECK(copy.text("PRAGMA journal_mode") == "delete");
    CHECK(copy.integer("PRAGMA application_id") == -77);
    CHECK(copy.integer("SELECT count(*) FROM item") == 300);
  }

  TEST_CASE("a backup can be opened as a database of its own") {
    BackupFixture f;
    f.openWithRows(20);
    f.pool.backup(f.target);
    f.pool.close();
    f.config.database = f.target;
    f.open();
    CHECK(f.rows() == 20);
    f.pool.run("INSERT INTO item(name) VALUES ('goes on')");
    CHECK(f.rows() == 21);
  }

  TEST_CASE("the backup before it is kept under a number") {
    BackupFixture f;
    f.openWithRows(1);
    f.pool.backup(f.target);
    f.pool.run("INSERT INTO item(name) VALUES ('second')");
    const BackupReport second = f.pool.backup(f.target);
    CHECK(second.previous == f.target + ".1");
    CHECK(f.others() == Names{"backup.db", "backup.db.1"});
    CHECK(rowsIn(f.target) == 2);
    CHECK(rowsIn(f.target + ".1") == 1);
    f.pool.run("INSERT INTO item(name) VALUES ('third')");
    f.pool.backup(f.target, {.olderGenerations = 2});
    CHECK(rowsIn(f.target) == 3);
    CHECK(rowsIn(f.target + ".1") == 2);
    CHECK(rowsIn(f.target + ".2") == 1);
    CHECK(f.pool.backup(f.target, {.olderGenerations = 0}).previous.empty());
    CHECK(rowsIn(f.target + ".1") == 2);
  }

  TEST_CASE("a backup ends although writers go on, and holds a moment between two transactions") {
    for (const std::size_t poolSize : {std::size_t{4}, std::size_t{1}}) {
      const Watchdog watchdog("backup beside writers");
      BackupFixture f(poolSize);
      f.openWithRows(0);
      f.pool.run("CREATE TABLE pair(a INTEGER, b INTEGER)");
      f.addRows(400);
      std::atomic<bool> done{false};
      std::atomic<int> written{0};
      std::vector<std::thread> writers;
      for (int i = 0; i < 2; ++i) {
        writers.emplace_back([&] {
          while (!done) {
            f.pool.transaction([](Transaction& tx) {
              tx.run("INSERT INTO pair VALUES (1, 0)");
              tx.run("UPDATE pair SET b = 1 WHERE b = 0");
            });
            ++written;
          }
        });
      }
      CHECK(eventually([&] { return written > 10; }));
      const int before = written;
      const BackupReport report = f.pool.backup(f.target, {.pagesPerStep = 2, .pause = 1ms});
      CHECK(written > before);
      done = true;
      for (std::thread& writer : writers) writer.join();
      CHECK(report.steps > 40);
      RawSqlite copy(f.target);
      CHECK(copy.text("PRAGMA integrity_check") == "ok");
      CHECK(copy.integer("SELECT count(*) FROM item") == 400);
      CHECK(copy.integer("SELECT count(*) FROM pair WHERE a <> b") == 0);
      CHECK(copy.integer("SELECT count(*) FROM pair") >= before);
    }
  }

  TEST_CASE("a deadline, a stop token and close() end a backup and leave nothing behind") {
    const Watchdog watchdog("backup that is ended");
    BackupFixture f;
    f.openWithRows(0);
    f.addRows(400);
    f.pool.backup(f.target);
    const std::string before = fileContent(f.target);
    const BackupOptions slowly{.pagesPerStep = 1, .pause = 1000ms};
    BackupOptions late = slowly;
    late.timeout = 20ms;
    CHECK(codeOf([&] { f.pool.backup(f.target, late); }) == ErrorCode::Timeout);
    CHECK(f.others() == Names{"backup.db"});
    StopSource stop;
    BackupOptions cancelled = slowly;
    cancelled.pause = 1ms;
    cancelled.cancel = stop.get_token();
    std::thread canceller([&] {
      CHECK(eventually([&] { return fs::exists(f.target + ".part"); }));
      stop.request_stop();
    });
    CHECK(codeOf([&] { f.pool.backup(f.target, cancelled); }) == ErrorCode::Interrupted);
    canceller.join();
    CHECK(f.others() == Names{"backup.db"});
    std::thread closer([&] {
      CHECK(eventually([&] { return fs::exists(f.target + ".part"); }));
      f.pool.close();
    });
    CHECK(codeOf([&] { f.pool.backup(f.target, slowly); }) == ErrorCode::PoolClosed);
    closer.join();
    CHECK(f.others() == Names{"backup.db"});
    CHECK(fileContent(f.target) == before);
    CHECK_FALSE(fs::exists(f.config.database + "-wal"));
    CHECK(codeOf([&] { f.pool.backup(f.target); }) == ErrorCode::PoolClosed);
  }

  TEST_CASE("a second backup at the same time is Busy, and one in a transaction's callback is misuse") {
    const Watchdog watchdog("two backups");
    BackupFixture f;
    f.openWithRows(0);
    f.addRows(100);
    StopSource stop;
    std::thread first([&] {
      codeOf([&] { f.pool.backup(f.target, {.pagesPerStep = 1, .pause = 1000ms, .cancel = stop.get_token()}); });
    });
    CHECK(eventually([&] { return fs::exists(f.target + ".part"); }));
    CHECK(codeOf([&] { f.pool.backup(f.directory.file("other.db")); }) == ErrorCode::Busy);
    CHECK(f.pool.verify().isSound());
    stop.request_stop();
    first.join();
    CHECK(codeOf([&] { f.pool.transaction([&](Transaction&) { f.pool.backup(f.target); }); }) == ErrorCode::Misuse);
    CHECK(f.others().empty());
  }

  TEST_CASE("a process killed in the middle of a backup leaves the backup before it, and the next one succeeds") {
    BackupFixture f;
    f.openWithRows(0);
    f.addRows(200);
    f.pool.backup(f.target);
    f.pool.close();
    for (int i = 0; i < 12; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        f.open();
        for (;;) codeOf([&] { f.pool.backup(f.target, {.pagesPerStep = 1 + i, .pause = 0ms}); });
      }
      CHECK(eventually([&] { return fs::exists(f.target + ".part"); }));
      for (int spin = 0; spin < i * 200; ++spin) std::this_thread::yield();
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
      std::string found = fs::exists(f.target) ? f.target : f.target + ".1";
      RawSqlite copy(found);
      CHECK(copy.text("PRAGMA integrity_check") == "ok");
      CHECK(copy.integer("SELECT count(*) FROM item") == 200);
    }
    f.open();
    f.pool.backup(f.target);
    CHECK(rowsIn(f.target) == 200);
    CHECK_FALSE(fs::exists(f.target + ".part"));
  }

  TEST_CASE("a full file system ends the backup with StorageFull, and what is there stays") {
    BackupFixture f;
    const SmallFileSystem card(f.directory.file("card"), "256k");
    if (!card) return;
    f.openWithRows(5);
    f.target = card.file("backup.db");
    f.pool.backup(f.target);
    f.addRows(400);
    const auto error = errorOf([&] { f.pool.backup(f.target); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::StorageFull);
    CHECK_FALSE(fs::exists(f.target + ".part"));
    CHECK(rowsIn(f.target) == 5);
    CHECK(f.rows() == 405);
    CHECK(card.makeReadOnly());
    CHECK(codeOf([&] { f.pool.backup(f.target); }) == ErrorCode::ReadOnly);
  }

  TEST_CASE("backups and their failures are counted, timed and told") {
    BackupFixture f;
    f.openWithRows(1);
    f.pool.backup(f.target);
    CHECK(codeOf([&] { f.pool.backup(f.config.database); }) == ErrorCode::Denied);
    const PoolMetrics metrics = f.pool.metrics();
    CHECK(metrics.backups == 1);
    CHECK(metrics.backupFailures == 1);
    CHECK(metrics.backupTook.count() > 0);
    REQUIRE(f.events->count(EventKind::BackupMade) == 1);
    CHECK(contains(f.events->of(EventKind::BackupMade).front().detail, f.target));
    REQUIRE(f.events->count(EventKind::BackupFailed) == 1);
    CHECK(contains(f.events->of(EventKind::BackupFailed).front().detail, "overwrite"));
  }

  TEST_CASE("a forked child makes no backup of its parent's database") {
    BackupFixture f;
    f.openWithRows(1);
    const int result =
        inChild([&] { return codeOf([&] { f.pool.backup(f.target); }) == ErrorCode::ForkedProcess ? 0 : 1; });
    CHECK(result == 0);
    CHECK(f.others().empty());
  }

  TEST_CASE("the log stays bounded: a slow backup hurries, is begun anew, and gives way to writes in the end") {
    const Watchdog watchdog("backup and the log");
    BackupFixture f;
    f.config.checkpointPages = 16;
    f.config.walSizeLimit = 2 * 16 * 4 * KiB;
    f.config.snapshotBudget = 0ms;
    f.openWithRows(0);
    f.addRows(1000);
    std::atomic<bool> done{false};
    std::thread writer([&] {
      while (!done) codeOf([&] { f.addRows(20); });
    });
    const auto error = errorOf([&] { f.pool.backup(f.target, {.pagesPerStep = 1, .pause = 10ms}); });
    done = true;
    writer.join();
    if (error) CHECK(error->code() == ErrorCode::StorageFull);
    if (error) CHECK(contains(error->what(), "snapshotBudget"));
    CHECK_FALSE(fs::exists(f.target + ".part"));
    // Without writers in its way it succeeds.
    f.pool.backup(f.target);
    CHECK(rowsIn(f.target) == f.rows());
  }
}
