// Errors inside of transactions, and disks that fail at the worst moment.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include <holdfast/holdfast.hpp>

#include "connection/connection_impl.hpp"
#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using holdfast::Access;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::Recovery;
using holdfast::RowView;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::FaultyVfs;
using holdfast::test::FileAction;
using holdfast::test::FileRole;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;

namespace {

/// The file layer goes last: handles are closed through it.
struct Opened : FaultyVfs, PoolFixture {
  explicit Opened(std::size_t poolSize = 2) : PoolFixture(poolSize) {
    openWithRows(0);
    pool.run("CREATE UNIQUE INDEX names ON item(name)");
  }
};

void insert(Transaction& tx, const std::string& name) { tx.run("INSERT INTO item(name) VALUES (?)", name); }

/// Changes so many existing pages that the journal of a savepoint leaves memory.
void makePages(Opened& f) {
  f.pool.run("CREATE TABLE page(id INTEGER PRIMARY KEY, x)");
  f.pool.run(
      "INSERT INTO page(x) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
      "SELECT zeroblob(3500) FROM n");
}

}  // namespace

TEST_SUITE("integration/transaction_errors") {
  TEST_CASE("a failed statement is undone alone and the transaction goes on") {
    Opened f;
    f.pool.transaction([](Transaction& tx) {
      insert(tx, "a");
      CHECK(codeOf([&] { tx.run("INSERT INTO item(name) VALUES ('b'), ('a')"); }) == ErrorCode::Constraint);
      CHECK(codeOf([&] { tx.run("this is not sql"); }) == ErrorCode::InvalidSql);
      CHECK(tx.isActive());
      insert(tx, "c");
    });
    CHECK(f.names() == "a c");
  }

  TEST_CASE("what could not be undone for want of memory is never committed") {
    Opened f;
    sqlite3* const writer = f.pool.acquire()->impl().handle;
    CHECK(codeOf([&] {
            f.pool.transaction([&](Transaction& tx) {
              insert(tx, "outer");
              {
                Transaction inner = tx.begin();
                insert(inner, "inner");
                // Prepared statements are prepared anew after it, also those that undo; and there is no memory for that.
                sqlite3_create_function(writer, "f", 0, SQLITE_UTF8, nullptr, nullptr, nullptr, nullptr);
                sqlite3_hard_heap_limit64(1);
              }
              sqlite3_hard_heap_limit64(0);
              CHECK(sqlite3_get_autocommit(writer) == 0);  // The ROLLBACK has failed.
              CHECK(codeOf([&] { insert(tx, "more"); }) == ErrorCode::TransactionAborted);
            });
          }) == ErrorCode::TransactionAborted);
    CHECK(f.names().empty());
    f.pool.run("INSERT INTO item(name) VALUES ('after')");
    CHECK(f.names() == "after");
  }

  TEST_CASE("a commit that breaks a deferred constraint is a constraint error and a rollback") {
    Opened f;
    f.pool.run("CREATE TABLE ref(item REFERENCES item(id) DEFERRABLE INITIALLY DEFERRED)");
    int runs = 0;
    const auto error = errorOf([&] {
      f.pool.transaction([&](Transaction& tx) {
        ++runs;
        insert(tx, "a");
        tx.run("INSERT INTO ref VALUES (99)");
      });
    });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Constraint);
    CHECK(contains(error->what(), "COMMIT"));
    CHECK(runs == 1);
    CHECK(f.names().empty());
    Transaction tx = f.pool.begin();
    tx.run("INSERT INTO ref VALUES (99)");
    CHECK(codeOf([&] { tx.commit(); }) == ErrorCode::Constraint);
    CHECK_FALSE(tx.isActive());
    CHECK(f.pool.tryAcquire().has_value());
    CHECK(f.pool.metrics().connectionsRecovered == 0);
  }

  TEST_CASE("after SQLite has rolled back everything is TransactionAborted") {
    Opened f;
    f.pool.run("INSERT INTO item(name) VALUES ('taken')");
    Transaction tx = f.pool.begin();
    insert(tx, "a");
    CHECK(codeOf([&] { tx.run("INSERT OR ROLLBACK INTO item(name) VALUES ('taken')"); }) == ErrorCode::Constraint);
    CHECK_FALSE(tx.isActive());
    CHECK(codeOf([&] { insert(tx, "b"); }) == ErrorCode::TransactionAborted);
    CHECK(codeOf([&] { tx.query("SELECT 1"); }) == ErrorCode::TransactionAborted);
    CHECK(codeOf([&] { tx.begin(); }) == ErrorCode::TransactionAborted);
    CHECK(codeOf([&] { tx.commit(); }) == ErrorCode::TransactionAborted);
    CHECK_NOTHROW(tx.rollback());
    CHECK(f.names() == "taken");
    CHECK(errorOf([] { throw Error(ErrorCode::TransactionAborted, ""); })->recovery() == Recovery::RetryTransaction);
  }

  TEST_CASE("the error that made SQLite roll back is the one that travels") {
    Opened f;
    f.pool.run("INSERT INTO item(name) VALUES ('taken')");
    const auto error = errorOf([&] {
      f.pool.transaction([](Transaction& tx) {
        tx.transaction([](Transaction& nested) {
          nested.transaction(
              [](Transaction& deep) { deep.run("INSERT OR ROLLBACK INTO item(name) VALUES ('taken')"); });
        });
      });
    });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Constraint);
    CHECK(error->sqliteCode() == SQLITE_CONSTRAINT_UNIQUE);
    CHECK(f.pool.transaction([](Transaction& tx) { return tx.depth(); }) == 0);
  }

  TEST_CASE("a callback that swallows that error does not commit what is left") {
    Opened f;
    f.pool.run("INSERT INTO item(name) VALUES ('taken')");
    int runs = 0;
    const auto code = codeOf([&] {
      f.pool.transaction([&](Transaction& tx) {
        ++runs;
        insert(tx, "a");
        try {
          tx.transaction(
              [](Transaction& nested) { nested.run("INSERT OR ROLLBACK INTO item(name) VALUES ('taken')"); });
        } catch (const Error&) {
        }
        CHECK(codeOf([&] { insert(tx, "outside"); }) == ErrorCode::TransactionAborted);
      });
    });
    CHECK(code == ErrorCode::TransactionAborted);
    CHECK(runs == 1);
    CHECK(f.names() == "taken");
  }

  TEST_CASE("a table whose rows are being read cannot be dropped, and that is no contention") {
    Opened f;
    int runs = 0;
    const auto code = codeOf([&] {
      f.pool.transaction([&](Transaction& tx) {
        ++runs;
        insert(tx, "a");
        tx.forEach("SELECT id FROM item", [&](const RowView&) { tx.run("DROP TABLE item"); });
      });
    });
    CHECK(code.has_value());
    CHECK(code != ErrorCode::Busy);
    CHECK(runs == 1);
    CHECK(f.rows() == 0);
  }

  TEST_CASE("an interrupted write ends the transaction") {
    Opened f;
    auto lease = f.pool.acquire();
    {
      Transaction tx(*lease);
      insert(tx, "a");
      sqlite3_progress_handler(
          lease->nativeHandle(), 100, [](void*) { return 1; }, nullptr);
      CHECK(codeOf([&] {
              tx.run(
                  "INSERT INTO item(name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                  "SELECT i FROM n");
            }) == ErrorCode::Interrupted);
      sqlite3_progress_handler(lease->nativeHandle(), 0, nullptr, nullptr);
      CHECK(codeOf([&] { tx.commit(); }) == ErrorCode::TransactionAborted);
    }
    lease.release();
    CHECK(f.names().empty());
    CHECK(f.isSound());
  }

  TEST_CASE("a savepoint that cannot be undone ends the whole transaction") {
    Opened f;
    makePages(f);
    const auto code = codeOf([&] {
      f.pool.transaction([&](Transaction& tx) {
        insert(tx, "a");
        CHECK_THROWS_WITH_AS(tx.transaction([&](Transaction& nested) {
          nested.run("UPDATE page SET x = randomblob(3500)");
          f.fail(FileRole::Temporary, FileAction::Read, SQLITE_IOERR_READ);
          throw std::runtime_error("first");
        }),
                             "first", std::runtime_error);  // The first error wins.
        CHECK(f.refused() > 0);
        f.heal();
        CHECK_FALSE(tx.isActive());
        CHECK(codeOf([&] { insert(tx, "b"); }) == ErrorCode::TransactionAborted);
      });
    });
    CHECK(code == ErrorCode::TransactionAborted);
    CHECK(f.names().empty());
    CHECK(f.isSound());
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM page WHERE x <> zeroblob(3500)") == 0);
    f.pool.transaction([](Transaction& tx) { insert(tx, "c"); });
    CHECK(f.names() == "c");
  }

  TEST_CASE("a handle whose savepoint could not be undone is replaced") {
    Opened f;
    makePages(f);
    const std::uint64_t id = f.pool.acquire()->id();
    CHECK_THROWS(f.pool.transaction([&](Transaction& tx) {
      tx.transaction([&](Transaction& nested) {
        nested.run("UPDATE page SET x = randomblob(3500)");
        f.fail(FileRole::Temporary, FileAction::Read, SQLITE_IOERR_READ);
        throw 1;
      });
    }));
    f.heal();
    CHECK(f.pool.acquire()->id() != id);
  }

  TEST_CASE("a commit whose sync fails has an unknown outcome and is not run again") {
    Opened f;
    int runs = 0;
    f.fail(FileRole::Log, FileAction::Sync, SQLITE_IOERR_FSYNC);
    const auto error = errorOf([&] {
      f.pool.transaction([&](Transaction& tx) {
        ++runs;
        insert(tx, "a");
      });
    });
    CHECK(f.refused() > 0);
    f.heal();
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::OutcomeUnknown);
    CHECK(error->recovery() == Recovery::VerifyOutcome);
    CHECK(error->sqliteCode() == SQLITE_IOERR_FSYNC);
    CHECK(runs == 1);
    CHECK(f.pool.metrics().connectionsRecovered == 1);  // The handle is not trusted any more.
    f.pool.transaction([](Transaction& tx) { insert(tx, "b"); });
    CHECK(contains(f.names(), "b"));
    CHECK(f.isSound());
  }

  TEST_CASE("a commit that cannot be written is rolled back and reported") {
    Opened f;
    struct {
      int sqliteCode;
      ErrorCode code;
    } const rows[] = {{SQLITE_FULL, ErrorCode::StorageFull}, {SQLITE_IOERR_WRITE, ErrorCode::OutcomeUnknown}};
    for (const auto& row : rows) {
      CAPTURE(row.sqliteCode);
      int runs = 0;
      f.fail(FileRole::Log, FileAction::Write, row.sqliteCode);
      const auto error = errorOf([&] {
        f.pool.transaction([&](Transaction& tx) {
          ++runs;
          insert(tx, "a");
        });
      });
      f.heal();
      REQUIRE(error.has_value());
      CHECK(error->code() == row.code);
      CHECK(runs == 1);
      CHECK(f.names().empty());
      CHECK(f.rows() == 0);
    }
    f.pool.transaction([](Transaction& tx) { insert(tx, "b"); });
    CHECK(f.names() == "b");
    CHECK(f.isSound());
  }

  TEST_CASE("each write of a transaction may fail and nothing is torn") {
    Opened f;
    makePages(f);
    f.pool.checkpoint();
    int finished = 0;
    for (int point = 0; point < 400 && finished == 0; point += point < 10 ? 1 : 13) {
      f.fail(FileRole::Log, FileAction::Write, SQLITE_IOERR_WRITE, point);
      const auto code = codeOf([&] {
        f.pool.transaction([](Transaction& tx) {
          tx.run("UPDATE page SET x = zeroblob(3000)");
          insert(tx, "mark");
        });
      });
      f.heal();
      RawSqlite raw(f.config.database);
      const std::int64_t changed = raw.integer("SELECT count(*) FROM page WHERE length(x) = 3000");
      const std::int64_t marks = raw.integer("SELECT count(*) FROM item");
      CAPTURE(point);
      if (code.has_value()) {
        CHECK(changed == 0);
        CHECK(marks == 0);
        CHECK((code == ErrorCode::IoError || code == ErrorCode::OutcomeUnknown));
      } else {
        finished = point;
        CHECK(changed == 100);
        CHECK(marks == 1);
      }
    }
    CHECK(finished > 50);
    CHECK(f.isSound());
  }

  TEST_CASE("a single statement whose commit fails says that its outcome is unknown") {
    Opened f;
    f.fail(FileRole::Log, FileAction::Sync, SQLITE_IOERR_FSYNC);
    const auto code = codeOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('a')"); });
    f.heal();
    CHECK(code == ErrorCode::OutcomeUnknown);
  }

  TEST_CASE("reads go on while there is no space and writes go on when there is again") {
    Opened f;
    f.pool.run("INSERT INTO item(name) VALUES ('a')");
    f.fail(FileRole::Log, FileAction::Write, SQLITE_FULL);
    for (int i = 0; i < 3; ++i) {
      const auto error = errorOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('b')"); });
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::StorageFull);
      CHECK(error->recovery() == Recovery::FreeSpace);
      CHECK(f.rows() == 1);
    }
    f.heal();
    f.pool.run("INSERT INTO item(name) VALUES ('c')");
    CHECK(f.names() == "a c");
    CHECK(f.isSound());
  }

  TEST_CASE("a handle that met a read error is replaced and the next call succeeds") {
    Opened f;
    makePages(f);
    f.pool.checkpoint();
    const std::uint64_t id = f.pool.acquire(Access::Read)->id();
    f.fail(FileRole::Database, FileAction::Read, SQLITE_IOERR_READ);
    const auto error = errorOf([&] { f.pool.query("SELECT sum(length(x)) FROM page"); });
    f.heal();
    f.clock->advance(std::chrono::minutes{1});  // The pause after the handle could not be replaced.
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::IoError);
    CHECK(error->recovery() == Recovery::CheckStorage);
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM page") == 100);
    CHECK(f.pool.acquire(Access::Read)->id() != id);
    CHECK(f.pool.metrics().connectionErrors >= 1);
  }

  TEST_CASE("a checkpoint that fails loses nothing") {
    Opened f;
    f.pool.run("INSERT INTO item(name) VALUES ('a')");
    f.fail(FileRole::Database, FileAction::Write, SQLITE_IOERR_WRITE);
    CHECK(codeOf([&] { f.pool.checkpoint(); }) == ErrorCode::IoError);
    f.heal();
    CHECK(f.pool.checkpoint().complete);
    f.fail(FileRole::Database, FileAction::Sync, SQLITE_IOERR_FSYNC);
    f.pool.run("INSERT INTO item(name) VALUES ('b')");
    f.pool.close();  // Logs it: the log stays beside the database.
    f.heal();
    CHECK(f.logger->contains("the log stays"));
    f.open();
    CHECK(f.names() == "a b");
  }
}
