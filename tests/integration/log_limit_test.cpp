// The bounds of the write-ahead log: walSizeLimit.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "support/log_limit_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

using Opened = SmallLog;

}  // namespace

TEST_SUITE("integration/log_limit") {
  TEST_CASE("a log that an old snapshot keeps never passes its limit and the error names the reader") {
    Opened f;
    {
      OldReader reader(f);
      const std::optional<Error> error = f.writeUntilRefused();
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::StorageFull);
      CHECK(error->recovery() == Recovery::FreeSpace);
      CHECK(contains(error->what(), "walSizeLimit"));
      CHECK(contains(error->what(), "log_limit_fixture.hpp"));  // Where the reader was leased.
      CHECK(f.logBytes() >= kLimit / 2);
      CHECK(f.logBytes() < kLimit + kOneWrite);
      const std::int64_t full = f.logBytes();
      for (int i = 0; i < 5; ++i) CHECK(codeOf([&] { f.write(); }) == ErrorCode::StorageFull);
      CHECK(f.logBytes() == full);
      CHECK(reader.count() == reader.seen);
      CHECK(f.rows() > reader.seen);  // New reads go on.
      CHECK(f.pool.metrics().leasesForced == 0);
    }
    f.checkGoesOn();
  }

  TEST_CASE("readers in the way are reported from half of the limit on") {
    Opened f;
    OldReader reader(f);
    f.events->clear();
    std::size_t writes = 0;
    while (f.logBytes() < kLimit / 2 - kOneWrite) {
      f.write();
      ++writes;
    }
    const auto namesReader = [&] {
      const std::vector<Event> blocked = f.events->of(EventKind::CheckpointBlocked);
      return std::any_of(blocked.begin(), blocked.end(),
                         [](const Event& event) { return contains(event.detail, "read by #"); });
    };
    CHECK(writes > 1);
    CHECK_FALSE(namesReader());
    f.writeUntilRefused();
    CHECK(namesReader());
    CHECK(f.pool.metrics().checkpointsBlocked > 0);
  }

  TEST_CASE("every kind of write is refused while the log is full") {
    Opened f;
    const auto insert = [](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('y')"); };
    std::optional<Future<RunResult>> posted;
    {
      OldReader reader(f);
      REQUIRE(f.writeUntilRefused().has_value());
      CHECK(codeOf([&] { f.pool.run("DELETE FROM item"); }) == ErrorCode::StorageFull);
      CHECK(codeOf([&] { f.pool.run("PRAGMA user_version = 5"); }) == ErrorCode::StorageFull);
      CHECK(codeOf([&] { f.pool.transaction(insert); }) == ErrorCode::StorageFull);
      CHECK(codeOf([&] { f.pool.begin(); }) == ErrorCode::StorageFull);
      CHECK(codeOf([&] { f.pool.async(insert).get(); }) == ErrorCode::StorageFull);
      posted = f.pool.post("INSERT INTO item(name) VALUES ('posted')");
      CHECK(codeOf([&] { f.pool.flush(); }) == ErrorCode::StorageFull);
      CHECK_FALSE(posted->ready());  // It stays queued.
      CHECK(f.pool.metrics().pendingPosts == 1);
    }
    f.pool.flush();
    CHECK(posted->get().changes == 1);
    f.checkGoesOn();
  }

  TEST_CASE("a write that finds the log full waits and goes on when the reader ends") {
    Opened f;
    f.config.snapshotBudget = 1h;
    f.reopen();
    auto first = std::make_unique<OldReader>(f);
    REQUIRE(f.writeUntilRefused().has_value());
    // Another one, at the end of the log: its snapshot has not been seen by anybody.
    auto second = std::make_unique<OldReader>(f);
    first.reset();
    CHECK(second->seen > 1);
    WaitingWrite write([&] {
      f.pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('waited')"); },
                         {.timeout = kPatience});
    });
    // It is the waiting write that looks at the snapshot.
    CHECK(eventually([&] {
      f.clock->advance(1us);
      return snapshotAge(f.pool) > 0s;
    }));
    second.reset();
    CHECK(write.result() == std::nullopt);
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM item WHERE name = 'waited'") == 1);
    CHECK(f.logBytes() < kLimit / 2);  // It was begun anew.
    CHECK(f.pool.metrics().leasesForced == 0);
    f.checkGoesOn();
  }

  TEST_CASE("a stop token ends the wait for room in the log") {
    Opened f;
    {
      OldReader reader(f);
      REQUIRE(f.writeUntilRefused().has_value());
      std::stop_source stop;
      WaitingWrite write([&] {
        f.pool.transaction([](Transaction& tx) { tx.run("DELETE FROM item"); },
                           {.timeout = 3 * kPatience, .cancel = stop.get_token()});
      });
      CHECK(eventually([&] { return f.pool.metrics().activeConnections == 2; }));
      stop.request_stop();
      CHECK(write.result() == ErrorCode::Interrupted);
    }
    f.checkGoesOn();
  }

  TEST_CASE("a reader of another process is named as such") {
    Opened f;
    {
      RawSqlite other(f.config.database);
      other.run("BEGIN");
      other.integer("SELECT count(*) FROM item");
      const auto error = f.writeUntilRefused();
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::StorageFull);
      CHECK(contains(error->what(), "another process"));
      other.run("COMMIT");
    }
    f.checkGoesOn();
  }

  TEST_CASE("without walSizeLimit the log stays below sixteen times checkpointPages") {
    Opened f;
    f.config.walSizeLimit = 0;
    f.reopen();
    OldReader reader(f);
    const auto error = f.writeUntilRefused();
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::StorageFull);
    const std::int64_t limit = std::int64_t{16} * f.config.checkpointPages * (4096 + 24);
    CHECK(f.logBytes() > limit / 2);
    CHECK(f.logBytes() < limit + kOneWrite);
  }

  TEST_CASE("readers that come and go one after the other do not keep the log") {
    Opened f;
    std::optional<OldReader> readers[2];
    for (std::size_t i = 0; i < 200; ++i) {
      readers[i % 2].reset();
      readers[i % 2].emplace(f);
      if (codeOf([&] { f.write(); }).has_value()) readers[(i + 1) % 2].reset();
      CHECK(f.logBytes() < kLimit + kOneWrite);
    }
    CHECK(f.pool.metrics().leasesForced == 0);
  }

  TEST_CASE("posted work is put off while the log is full and written when it is not") {
    Opened f;
    f.config.housekeeping = HousekeepingMode::Thread;
    f.config.housekeepingInterval = 1h;
    f.config.postDelay = 1ms;
    f.config.retry.maxDelay = 1ms;
    f.reopen();
    std::optional<Future<RunResult>> posted;
    {
      OldReader reader(f);
      REQUIRE(f.writeUntilRefused().has_value());
      posted = f.pool.post("INSERT INTO item(name) VALUES ('posted')");
      CHECK(eventually([&] { return f.logger->contains("posted work is put off: "); }));
      CHECK_FALSE(posted->ready());
    }
    CHECK(posted->get().changes == 1);
  }

  TEST_CASE("without threads a post that finds the log full is queued and the future will tell") {
    Opened f;
    f.config.postBatch = 1;
    f.reopen();
    std::optional<Future<RunResult>> posted;
    {
      OldReader reader(f);
      REQUIRE(f.writeUntilRefused().has_value());
      CHECK_FALSE(codeOf([&] { posted = f.pool.post("INSERT INTO item(name) VALUES ('posted')"); }).has_value());
      CHECK(f.logger->contains("posted work is put off: "));
      CHECK_FALSE(posted->ready());
    }
    f.pool.tick();
    CHECK(posted->get().changes == 1);
  }

  TEST_CASE("closing with a full log gives up what is posted and says so") {
    Opened f;
    f.config.closeTimeout = 0ms;
    f.reopen();
    RawSqlite other(f.config.database);
    other.run("BEGIN");
    other.integer("SELECT count(*) FROM item");
    REQUIRE(f.writeUntilRefused().has_value());
    Future<RunResult> posted = f.pool.post("INSERT INTO item(name) VALUES ('posted')");
    f.pool.close();
    CHECK(f.logger->contains("closing without all of the posted work: "));
    CHECK(codeOf([&] { posted.get(); }) == ErrorCode::PoolClosed);
    other.run("COMMIT");
    f.open();
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM item WHERE name = 'posted'") == 0);
    f.checkGoesOn();
  }

  TEST_CASE("a checkpoint that fails after a commit is logged and the commit stays") {
    Opened f;
    const std::int64_t before = f.rows();
    f.fail(FileRole::Database, FileAction::Write, SQLITE_IOERR_WRITE);
    std::int64_t written = 0;
    while (f.refused() == 0 && written < 100) {
      f.write();
      ++written;
    }
    f.heal();
    CHECK(f.logger->contains("checkpoint failed: "));
    CHECK(f.rows() == before + written);
    f.checkGoesOn();
    CHECK(f.rows() == before + written + 100);
  }

  TEST_CASE("a checkpoint that fails while a write makes room fails the write") {
    Opened f;
    {
      OldReader reader(f);
      REQUIRE(f.writeUntilRefused().has_value());
    }
    f.fail(FileRole::Database, FileAction::Write, SQLITE_IOERR_WRITE);
    const auto error = errorOf([&] { f.write(); });
    CHECK(f.refused() > 0);
    f.heal();
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::IoError);
    CHECK(contains(error->what(), "checkpoint"));
    f.checkGoesOn();
  }

  TEST_CASE("a limit below two checkpoints is refused") {
    PoolFixture f;
    f.config.checkpointPages = 100;
    f.config.walSizeLimit = 200 * 4 * KiB - 1;
    const auto error = errorOf([&] { f.open(); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::InvalidConfig);
    CHECK(contains(error->what(), "walSizeLimit"));
    CHECK(contains(error->what(), std::to_string(f.config.walSizeLimit + 1)));
    ++f.config.walSizeLimit;
    CHECK_FALSE(codeOf([&] { f.open(); }).has_value());
  }

  TEST_CASE("leases do not pass the limit either") {
    Opened f;
    OldReader reader(f);
    for (int i = 0; i < 300; ++i) {
      codeOf([&] { f.pool.acquire()->run("INSERT INTO item(name) VALUES (?)", std::string(8000, 'x')); });
    }
    CHECK(f.logBytes() < kLimit + kOneWrite);
  }

  TEST_CASE("a write with a deadline of its own names the reader, too") {
    Opened f;
    OldReader reader(f);
    REQUIRE(f.writeUntilRefused().has_value());
    for (int i = 0; i < 300; ++i) {
      CHECK(codeOf([&] {
              f.pool.transaction([](Transaction& tx) { tx.run("DELETE FROM item"); }, {.timeout = 12ms});
            }) == ErrorCode::StorageFull);
    }
  }

  TEST_CASE("a fresh write handle knows how long the log is") {
    Opened f;
    OldReader reader(f);
    REQUIRE(f.writeUntilRefused().has_value());
    for (int i = 0; i < 20; ++i) {
      f.clock->advance(2 * f.config.maxConnectionAge);
      f.pool.tick();
      codeOf([&] { f.write(); });
    }
    CHECK(f.logBytes() < kLimit + kOneWrite);
    CHECK(f.pool.metrics().connectionsRenewed >= 20);
  }

  TEST_CASE("a log file that is long but hardly used stops nobody") {
    Opened f;
    // The log is begun anew in a file that stays as long.
    for (int i = 0; i < 200 && f.logBytes() < kLimit / 4; ++i) f.write();
    f.config.walSizeLimit = 32 * (4096 + 24);
    f.pool.close();
    RawSqlite keepsTheLog(f.config.database);
    keepsTheLog.run("PRAGMA wal_autocheckpoint=0");
    for (int i = 0; i < 40; ++i) keepsTheLog.run("INSERT INTO item(name) VALUES (hex(zeroblob(4000)))");
    f.open();
    REQUIRE(f.logBytes() > f.config.walSizeLimit);
    keepsTheLog.run("PRAGMA wal_checkpoint(PASSIVE)");
    keepsTheLog.run("INSERT INTO item(name) VALUES ('begins it anew')");
    OldReader reader(f);
    CHECK_FALSE(codeOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('x')"); }));
    CHECK(reader.count() == reader.seen);
  }
}
