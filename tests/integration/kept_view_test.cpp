// The snapshot that the write handle keeps from one write to the next: it must not be noticed by anything but a clock.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

#include "pool/read_anchor.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : PoolFixture {
  explicit Opened(std::size_t poolSize = 2) : PoolFixture(poolSize) { openWithRows(1); }
  void insert() { pool.run("INSERT INTO item(name) VALUES ('x')"); }
  /// Where others have written none is kept for a while.
  void forgetForeignWrites() {
    insert();
    clock->advance(ReadAnchor::kRestAfterForeignWrite);
  }
  RawSqlite other{config.database};
  Watchdog watchdog{"a kept snapshot stands in the way"};
};

/// Seen from outside: others can cut the log only where no snapshot is kept.
bool canCutLog(RawSqlite& raw) { return raw.cutLog() == SQLITE_OK; }

}  // namespace

TEST_SUITE("integration/kept_view") {
  TEST_CASE("it is kept after writes and dropped by housekeeping") {
    Opened f;
    const auto keepsAfter = [&f](auto write) {
      f.forgetForeignWrites();
      write();
      CHECK_FALSE(canCutLog(f.other));
      f.pool.tick();
      CHECK(canCutLog(f.other));
    };
    keepsAfter([&f] { f.insert(); });
    keepsAfter([&f] { f.pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('y')"); }); });
    keepsAfter([&f] {
      Transaction tx = f.pool.begin();
      tx.run("INSERT INTO item(name) VALUES ('y')");
      tx.commit();
    });
    keepsAfter([&f] {
      auto posted = f.pool.post("INSERT INTO item(name) VALUES ('z')");
      f.pool.flush();
      posted.get();
    });
    CHECK(f.other.integer("SELECT count(*) FROM item") == 9);
  }
  TEST_CASE("it is not kept where it is switched off, and a lease that may do anything drops it") {
    Opened f;
    f.insert();
    f.pool.acquire()->run("PRAGMA user_version = 5");
    CHECK(canCutLog(f.other));
    f.insert();
    f.pool.checkpoint();
    CHECK(canCutLog(f.other));
    f.config.readAnchor = false;
    f.reopen();
    f.insert();
    CHECK(canCutLog(f.other));
  }
  TEST_CASE("what others have written meanwhile is seen by the next write") {
    for (const std::size_t poolSize : {std::size_t{1}, std::size_t{2}}) {
      Opened f(poolSize);
      for (int i = 0; i < 5; ++i) {
        f.insert();
        f.other.run("UPDATE item SET name = name || '!' WHERE id = 1");
        f.pool.run("UPDATE item SET name = name || '?' WHERE id = 1");
        f.other.run("UPDATE item SET name = name || '!' WHERE id = 1");
        f.pool.transaction([](Transaction& tx) { tx.run("UPDATE item SET name = name || '?' WHERE id = 1"); });
        CHECK(f.rows() == i + 2);
        f.other.run("UPDATE item SET name = name || '!' WHERE id = 1");
        // Read by the write handle where it is the only one.
        CHECK(f.pool.queryValue<std::string>("SELECT substr(name, -1) FROM item WHERE id = 1") == "!");
        f.clock->advance(ReadAnchor::kRestAfterForeignWrite);
      }
      CHECK(f.other.text("SELECT substr(name, -25) FROM item WHERE id = 1") == "!?!?!!?!?!!?!?!!?!?!!?!?!");
    }
  }
  TEST_CASE("a read by the way of run() sees what others have written") {
    Opened f(1);
    f.insert();
    f.other.run("INSERT INTO item(name) VALUES ('theirs')");
    std::int64_t seen = 0;
    {
      PooledConnection lease = f.pool.acquire();
      seen = lease->queryValue<std::int64_t>("SELECT count(*) FROM item").value();
    }
    CHECK(seen == 3);
    f.insert();
    f.other.run("INSERT INTO item(name) VALUES ('theirs')");
    // Begins like a write, and is none.
    CHECK(f.pool.run("WITH n AS (SELECT count(*) AS c FROM item) SELECT c FROM n").changes == 0);
    CHECK(f.rows() == 5);
  }
  TEST_CASE("another writer is waited for") {
    Opened f;
    f.config.busyTimeout = 50ms;
    f.reopen();
    f.insert();
    for (const bool inTransaction : {false, true}) {
      const auto write = [&] {
        inTransaction ? f.pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('x')"); },
                                           {.maxRetries = 0})
                      : static_cast<void>(f.pool.with({.maxRetries = 0}).run("INSERT INTO item(name) VALUES ('x')"));
      };
      f.other.run("BEGIN IMMEDIATE");
      f.other.run("INSERT INTO item(name) VALUES ('theirs')");
      const auto start = std::chrono::steady_clock::now();
      CHECK(codeOf(write) == ErrorCode::Busy);
      CHECK(std::chrono::steady_clock::now() - start >= 50ms);
      f.other.run("COMMIT");
      write();
      f.forgetForeignWrites();
    }
    CHECK(f.pool.metrics().transactionRetries == 0);
    CHECK(f.rows() == 8);
  }
  TEST_CASE("the schema can be changed in any way after a write") {
    Opened f;
    const auto inTransaction = [&](const char* sql) {
      f.insert();
      f.pool.transaction([&](Transaction& tx) {
        tx.run("INSERT INTO item(name) VALUES ('before')");
        tx.run(Sql::unchecked(sql));
        tx.run("INSERT INTO item(name) VALUES ('after')");
      });
    };
    inTransaction("CREATE TABLE other(x)");
    inTransaction("CREATE INDEX other_x ON other(x)");
    inTransaction("ALTER TABLE other ADD COLUMN y");
    inTransaction("ALTER TABLE other DROP COLUMN y");
    inTransaction("ALTER TABLE other RENAME TO third");
    inTransaction("REINDEX");
    inTransaction("ANALYZE");
    inTransaction("DROP INDEX other_x");
    inTransaction("DELETE FROM third");
    inTransaction("DROP TABLE third");
    f.insert();
    f.pool.run("VACUUM");
    f.insert();
    f.pool.run("CREATE TABLE other(x)");
    f.insert();
    f.pool.run("DROP TABLE other");
    CHECK(f.rows() == 34);
    CHECK(f.pool.metrics().statesRestored == 0);
  }
  TEST_CASE("temporary objects can be made and dropped, and settings act on the whole of a transaction") {
    Opened f;
    f.insert();
    f.pool.transaction([](Transaction& tx) {
      tx.run("CREATE TEMP TABLE scratch(x)");
      tx.run("CREATE INDEX temp.scratch_x ON scratch(x)");
      tx.run("INSERT INTO scratch VALUES (1)");
      tx.run("DROP INDEX temp.scratch_x");
      tx.run("DROP TABLE scratch");
    });
    f.insert();
    f.pool.transaction([](Transaction& tx) {
      tx.run("PRAGMA case_sensitive_like = 1");
      CHECK(tx.queryValue<int>("SELECT count(*) FROM item WHERE name LIKE 'X'") == 0);
    });
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM item WHERE name LIKE 'X'") == 2);
  }
  TEST_CASE("a statement that changes many rows is not made to keep them apart") {
    Opened f;
    f.config.memoryLimit = 4 * MiB;
    f.config.tempStore = TempStore::Memory;
    f.reopen();
    f.pool.run("CREATE TABLE large(x CHECK (x < 1000000))");
    f.pool.run(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) "
        "INSERT INTO large SELECT n FROM c");
    for (int i = 0; i < 3; ++i) {
      f.insert();
      CHECK(f.pool.run("UPDATE large SET x = x + 1").changes == 100'000);
    }
  }
  TEST_CASE("an interrupt that comes too late is for nobody") {
    Opened f;
    Connection* writer = nullptr;
    {
      const PooledConnection lease = f.pool.acquire();
      writer = &*lease;
    }
    f.insert();
    f.insert();
    writer->interrupt();
    f.pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('y')"); }, {.maxRetries = 0});
    f.insert();
    writer->interrupt();
    f.insert();
    CHECK(f.rows() == 6);
  }
  TEST_CASE("a transaction that is idle while its pool is closed can still commit") {
    Opened f;
    f.config.closeTimeout = 50ms;
    f.reopen();
    f.insert();
    Transaction tx = f.pool.begin();
    tx.run("INSERT INTO item(name) VALUES ('y')");
    // In vain, and then it interrupts what runs.
    std::thread([&] { CHECK(codeOf([&] { f.pool.close(); }) == ErrorCode::Timeout); }).join();
    tx.commit();
    CHECK(f.other.integer("SELECT count(*) FROM item") == 3);
  }
  TEST_CASE("after whatever fails the next write works") {
    Opened f;
    f.pool.run("CREATE UNIQUE INDEX item_name ON item(name)");
    f.pool.run("CREATE TABLE small(x CHECK (x < 10))");
    const auto write = [&] { f.pool.run("INSERT INTO small VALUES (1)"); };
    write();
    CHECK(codeOf([&] { f.pool.run("INSERT INTO small VALUES (11)"); }) == ErrorCode::Constraint);
    write();
    CHECK(codeOf([&] {
            f.pool.transaction([](Transaction& tx) {
              tx.run("INSERT INTO small VALUES (2)");
              tx.run("INSERT INTO small VALUES (11)");
            });
          }) == ErrorCode::Constraint);
    write();
    // SQLite remembers an interrupt for as long as anything runs.
    CHECK_THROWS_AS(f.pool.transaction([](Transaction& tx) {
      tx.forEach("INSERT INTO small VALUES (3) RETURNING x", [](const RowView&) { throw std::runtime_error("no"); });
    }),
                    std::runtime_error);
    write();
    f.pool.transaction([](Transaction& tx) {
      CHECK_THROWS(tx.transaction([](Transaction& inner) {
        inner.run("INSERT INTO small VALUES (4)");
        inner.run("INSERT INTO small VALUES (12)");
      }));
      tx.run("INSERT INTO small VALUES (5)");
    });
    std::stop_source stop;
    CHECK(codeOf([&] {
            f.pool.transaction(
                [&](Transaction& tx) {
                  tx.run("INSERT INTO small VALUES (6)");
                  stop.request_stop();
                  tx.run("INSERT INTO small VALUES (7)");
                },
                {.cancel = stop.get_token()});
          }) == ErrorCode::Interrupted);
    write();
    CHECK(
        codeOf([&] {
          f.pool.with({.timeout = 20ms})
              .run("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) INSERT INTO small SELECT 1 FROM c");
        }) == ErrorCode::Timeout);
    write();
    CHECK(f.other.text("SELECT group_concat(x, '') FROM small") == "1111511");
    CHECK(f.other.text("PRAGMA integrity_check") == "ok");
  }
  TEST_CASE("the log is begun anew while writes follow each other") {
    Opened f;
    f.config.checkpointPages = 16;
    f.config.durability = Durability::Normal;
    f.reopen();
    for (int i = 0; i < 500; ++i) f.insert();
    CHECK(f.pool.metrics().walPages < 40);
    CHECK(f.pool.metrics().checkpointsBlocked == 0);
    CHECK(f.rows() == 501);
  }
}
