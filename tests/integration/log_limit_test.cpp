// The bounds of the write-ahead log while readers keep old snapshots: walSizeLimit and snapshotBudget.

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

#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr std::int64_t kLimit = 192 * KiB;
/// What one of the writes below adds to the log at most.
constexpr std::int64_t kOneWrite = 32 * KiB;

/// A small log, and no patience: a write that finds no room says so at once.
struct Opened : FaultyVfs, PoolFixture {
  Opened() : PoolFixture(4) {
    config.checkpointPages = 16;
    config.walSizeLimit = kLimit;
    config.acquireTimeout = 10ms;
    openWithRows(1);
  }
  void write() { pool.run("INSERT INTO item(name) VALUES (?)", std::string(8000, 'x')); }
  /// The error of the first write that fails: the log cannot grow for ever.
  std::optional<Error> writeUntilRefused() {
    for (int i = 0; i < 1000; ++i) {
      if (const std::optional<Error> error = errorOf([this] { write(); })) return error;
    }
    return std::nullopt;
  }
  std::int64_t logBytes() const {
    return static_cast<std::int64_t>(std::filesystem::file_size(config.database + "-wal"));
  }
  /// Nothing is left of what was refused, and the log is short again.
  void checkGoesOn() {
    const std::int64_t before = rows();
    for (int i = 0; i < 100; ++i) write();
    CHECK(rows() == before + 100);
    CHECK(logBytes() < kLimit + kOneWrite);
    CHECK(pool.leases().empty());
    CHECK(isSound());
  }
  Watchdog watchdog{"a full log is waited for"};
};

/// A reader that stays on the rows that it sees first.
struct OldReader {
  explicit OldReader(Opened& f) : tx(f.pool.acquire(Access::Read)), seen(count()) {}
  std::int64_t count() { return tx.queryValue<std::int64_t>("SELECT count(*) FROM item").value_or(-1); }
  ReadTransaction tx;
  const std::int64_t seen;
};

/// A write on a thread of its own, which waits for room.
class WaitingWrite {
 public:
  explicit WaitingWrite(std::function<void()> body)
      : thread_([this, body = std::move(body)] { code_ = codeOf(body); }) {}
  WaitingWrite(const WaitingWrite&) = delete;
  WaitingWrite& operator=(const WaitingWrite&) = delete;
  ~WaitingWrite() {
    if (thread_.joinable()) thread_.join();
  }
  std::optional<ErrorCode> result() {
    thread_.join();
    return code_;
  }

 private:
  std::optional<ErrorCode> code_;
  std::thread thread_;
};

/// The age of the oldest snapshot of a reader, as far as it was seen.
Clock::Duration snapshotAge(const ConnectionPool& pool) {
  Clock::Duration oldest{0};
  for (const LeaseInfo& lease : pool.leases()) {
    if (lease.access == Access::Read) oldest = std::max(oldest, lease.snapshotAge);
  }
  return oldest;
}

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
      CHECK(contains(error->what(), "log_limit_test.cpp"));  // Where the reader was leased.
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

  TEST_CASE("a read that runs on past its budget is interrupted and the waiting write goes on") {
    Opened f;
    Gate running;
    std::optional<ErrorCode> code;
    std::thread reader([&] {
      const PooledConnection lease = f.pool.acquire(Access::Read);
      code = codeOf([&] {
        lease->forEach(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, (SELECT count(*) FROM item) "
            "FROM n",
            [&](const RowView&) { running.open(); });
      });
    });
    REQUIRE(running.pass());
    const std::optional<Error> error = f.writeUntilRefused();
    REQUIRE(error.has_value());
    CHECK(contains(error->what(), "read by #"));
    CHECK(f.pool.metrics().leasesForced == 0);  // Within its budget.
    CHECK(f.events->count(EventKind::LeaseForced) == 0);
    f.clock->advance(f.config.snapshotBudget + 1s);
    f.pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('y')"); }, {.timeout = kPatience});
    reader.join();
    CHECK(code == ErrorCode::LeaseRevoked);
    CHECK(f.pool.metrics().leasesForced == 1);
    CHECK(f.events->count(EventKind::LeaseForced) == 1);
    f.checkGoesOn();
  }

  TEST_CASE("past half of the limit a read beyond its budget is interrupted before any write has to wait") {
    Opened f;
    OldReader reader(f);
    while (snapshotAge(f.pool) == 0s) {
      f.write();
      f.clock->advance(1us);
    }
    CHECK(f.pool.metrics().leasesForced == 0);
    f.clock->advance(f.config.snapshotBudget);
    while (f.pool.metrics().leasesForced == 0) f.write();
    CHECK(codeOf([&] { reader.count(); }) == ErrorCode::LeaseRevoked);
  }

  TEST_CASE("a reader that only sits on its snapshot is told at its next call and is forced back once") {
    Opened f;
    {
      OldReader reader(f);
      REQUIRE(f.writeUntilRefused().has_value());
      f.clock->advance(f.config.snapshotBudget + 1s);
      // Nobody else may touch its handle: until its holder comes the log stays.
      for (int i = 0; i < 3; ++i) CHECK(codeOf([&] { f.write(); }) == ErrorCode::StorageFull);
      CHECK(f.pool.metrics().leasesForced == 1);
      CHECK(codeOf([&] { reader.count(); }) == ErrorCode::LeaseRevoked);
    }
    f.checkGoesOn();
    CHECK(f.pool.metrics().connectionsRecovered == 1);
  }

  TEST_CASE("each snapshot of one lease has a budget of its own") {
    Opened f;
    const PooledConnection lease = f.pool.acquire(Access::Read);
    for (int i = 0; i < 5; ++i) {
      lease->forEach("SELECT id FROM item", [&](const RowView& row) {
        if (row.get<int>(0) == 1) CHECK(f.writeUntilRefused().has_value());
      });
      // Between its statements it keeps no snapshot.
      f.clock->advance(f.config.snapshotBudget - 1s);
      CHECK_FALSE(codeOf([&] { f.write(); }).has_value());
    }
    CHECK(f.pool.metrics().leasesForced == 0);
  }

  TEST_CASE("all of several readers are named and forced back") {
    Opened f;
    {
      OldReader first(f);
      OldReader second(f);
      const auto error = f.writeUntilRefused();
      REQUIRE(error.has_value());
      CHECK(contains(error->what(), "; #"));
      f.clock->advance(f.config.snapshotBudget + 1s);
      CHECK(codeOf([&] { f.write(); }) == ErrorCode::StorageFull);
      CHECK(codeOf([&] { first.count(); }) == ErrorCode::LeaseRevoked);
      CHECK(codeOf([&] { second.count(); }) == ErrorCode::LeaseRevoked);
      CHECK(f.pool.metrics().leasesForced == 2);
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
