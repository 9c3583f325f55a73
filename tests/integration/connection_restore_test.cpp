// What a lease leaves behind, and what the next one finds.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "connection/connection_impl.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using holdfast::Access;
using holdfast::Connection;
using holdfast::ErrorCode;
using holdfast::EventKind;
using holdfast::PooledConnection;
using holdfast::RowView;
using holdfast::Sql;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::PoolFixture;
using holdfast::test::rawInteger;
using holdfast::test::RawSqlite;
using holdfast::test::rawText;

namespace {

// Not nativeHandle(): that would count as a change.
sqlite3* handleOf(Connection& connection) { return connection.impl().handle; }

struct Opened : PoolFixture {
  Opened() : PoolFixture(2) {
    config.cacheSize = 256 * holdfast::KiB;
    open();
    pool.run("CREATE TABLE t(id INTEGER PRIMARY KEY, x)");
    pool.run("CREATE TABLE parent(id INTEGER PRIMARY KEY)");
    pool.run("CREATE TABLE child(parent REFERENCES parent(id))");
  }
  /// What a pragma says on the handle that the next lease gets.
  std::string next(const std::string& pragma, Access access = Access::Write) {
    return rawText(handleOf(*pool.acquire(access)), pragma);
  }
};

}  // namespace

TEST_SUITE("integration/connection_restore") {
  TEST_CASE("settings that a lease changed are put back when it ends") {
    Opened f;
    struct {
      const char* change;
      const char* read;
    } const rows[] = {{"PRAGMA cache_size=17", "PRAGMA cache_size"},
                      {"PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys"},
                      {"PRAGMA synchronous=OFF", "PRAGMA synchronous"},
                      {"PRAGMA temp_store=MEMORY", "PRAGMA temp_store"},
                      {"PRAGMA busy_timeout=1", "PRAGMA busy_timeout"},
                      {"PRAGMA recursive_triggers=ON", "PRAGMA recursive_triggers"},
                      {"PRAGMA automatic_index=OFF", "PRAGMA automatic_index"},
                      {"PRAGMA reverse_unordered_selects=ON", "PRAGMA reverse_unordered_selects"},
                      {"PRAGMA cache_spill=OFF", "PRAGMA cache_spill"},
                      {"PRAGMA secure_delete=FAST", "PRAGMA secure_delete"},
                      {"PRAGMA analysis_limit=17", "PRAGMA analysis_limit"}};
    for (const Access access : {Access::Write, Access::Read}) {
      for (const auto& row : rows) {
        CAPTURE(std::string(row.change));
        const std::string before = f.next(row.read, access);
        {
          auto lease = f.pool.acquire(access);
          lease->query(Sql::unchecked(row.change));
          CHECK(rawText(handleOf(*lease), row.read) != before);
        }
        CHECK(f.next(row.read, access) == before);
      }
    }
  }

  TEST_CASE("a setting is put back also when its statement came from the cache") {
    Opened f;
    for (int round = 0; round < 3; ++round) {
      CAPTURE(round);
      {
        auto lease = f.pool.acquire();
        lease->run("PRAGMA foreign_keys=OFF");
        lease->run("PRAGMA synchronous=OFF");
        lease->run("PRAGMA cache_size=17");
        CHECK(rawInteger(handleOf(*lease), "PRAGMA foreign_keys") == 0);
        CHECK(rawInteger(handleOf(*lease), "PRAGMA synchronous") == 0);
        CHECK(rawInteger(handleOf(*lease), "PRAGMA cache_size") == 17);
      }
      CHECK(f.next("PRAGMA foreign_keys") == "1");
      CHECK(f.next("PRAGMA synchronous") == "2");
      CHECK(f.next("PRAGMA cache_size") == "-256");
    }
  }

  TEST_CASE("a setting changed twice in one lease has its last value") {
    Opened f;
    auto lease = f.pool.acquire();
    for (int round = 0; round < 2; ++round) {
      lease->run("PRAGMA foreign_keys=OFF");
      CHECK(rawInteger(handleOf(*lease), "PRAGMA foreign_keys") == 0);
      lease->run("PRAGMA foreign_keys=ON");
      CHECK(rawInteger(handleOf(*lease), "PRAGMA foreign_keys") == 1);
      lease->run("PRAGMA cache_size=17");
      CHECK(rawInteger(handleOf(*lease), "PRAGMA cache_size") == 17);
      lease->run("PRAGMA cache_size=18");
      CHECK(rawInteger(handleOf(*lease), "PRAGMA cache_size") == 18);
    }
  }

  TEST_CASE("settings of single statements do not outlive them") {
    Opened f;
    for (int round = 0; round < 3; ++round) {
      f.pool.run("PRAGMA foreign_keys=OFF");
      CHECK(f.next("PRAGMA foreign_keys") == "1");
      CHECK(codeOf([&] { f.pool.run("INSERT INTO child VALUES (99)"); }) == ErrorCode::Constraint);
    }
  }

  TEST_CASE("deferred foreign keys do not leak into the next lease") {
    Opened f;
    { f.pool.acquire()->run("PRAGMA defer_foreign_keys=ON"); }
    auto lease = f.pool.acquire();
    CHECK(rawInteger(handleOf(*lease), "PRAGMA defer_foreign_keys") == 0);
  }

  TEST_CASE("temporary objects do not outlive the lease") {
    Opened f;
    {
      auto lease = f.pool.acquire();
      lease->run("CREATE TEMP TABLE t(shadow)");  // Would hide the real one.
      lease->run("CREATE TEMP TRIGGER g AFTER INSERT ON main.t BEGIN SELECT 1; END");
      lease->run("CREATE TEMP VIEW w AS SELECT 1");
    }
    CHECK(f.next("SELECT count(*) FROM temp.sqlite_master") == "0");
    f.pool.run("INSERT INTO t(x) VALUES (1)");
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM t") == 1);
    CHECK(f.events->count(EventKind::StateRestored) == 1);
  }

  TEST_CASE("a temporary table of a cached statement does not outlive the lease either") {
    Opened f;
    for (int round = 0; round < 2; ++round) {
      {
        auto lease = f.pool.acquire();
        lease->run("CREATE TEMP TABLE scratch(x)");
        lease->run("DROP TABLE scratch");
        lease->run("CREATE TEMP TABLE scratch(x)");
      }
      CHECK(f.next("SELECT count(*) FROM temp.sqlite_master") == "0");
    }
  }

  TEST_CASE("temporary objects that name their schema do not outlive the lease either") {
    Opened f;
    for (const std::string text :
         {"CREATE TABLE temp.t(shadow)", "CREATE VIEW temp.t AS SELECT 'shadow' AS x",
          "CREATE TRIGGER temp.g AFTER INSERT ON main.t BEGIN SELECT RAISE(ABORT, 'no'); END"}) {
      CAPTURE(text);
      { f.pool.acquire()->run(Sql::unchecked(text)); }
      CHECK(f.next("SELECT count(*) FROM temp.sqlite_master") == "0");
      CHECK_FALSE(codeOf([&] { f.pool.run("INSERT INTO t(x) VALUES (1)"); }).has_value());
      f.pool.acquire().discard();
    }
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM t") == 3);
  }

  TEST_CASE("a clean lease keeps its handle and reports nothing") {
    Opened f;
    const std::uint64_t id = f.pool.acquire()->id();
    f.pool.run("INSERT INTO t(x) VALUES (1)");
    f.pool.run("PRAGMA user_version=3");
    CHECK(f.pool.acquire()->id() == id);
    CHECK(f.events->count(EventKind::StateRestored) == 0);
  }

  TEST_CASE("refused text leaves the handle as it was") {
    Opened f;
    const std::uint64_t id = f.pool.acquire(Access::Read)->id();
    CHECK(codeOf([&] { f.pool.query("CREATE TEMP TABLE scratch(x)"); }) == ErrorCode::Denied);
    CHECK(codeOf([&] { f.pool.query("SELECT 1; CREATE TEMP TABLE scratch(x)"); }) == ErrorCode::InvalidSql);
    CHECK(f.pool.acquire(Access::Read)->id() == id);
    CHECK(f.events->count(EventKind::StateRestored) == 0);
  }

  TEST_CASE("a second statement behind the first has no effect, also not while it is compiled") {
    Opened f;
    auto lease = f.pool.acquire();
    CHECK(codeOf([&] { lease->run("SELECT 1; PRAGMA foreign_keys=OFF"); }) == ErrorCode::InvalidSql);
    CHECK(rawInteger(handleOf(*lease), "PRAGMA foreign_keys") == 1);
    CHECK(codeOf([&] { lease->run("INSERT INTO t(x) VALUES (1); PRAGMA cache_size=3"); }) == ErrorCode::InvalidSql);
    CHECK(rawInteger(handleOf(*lease), "PRAGMA cache_size") == -256);
    CHECK(lease->queryValue<int>("SELECT count(*) FROM t") == 0);
  }

  TEST_CASE("a transaction opened through the native handle is rolled back and reported") {
    Opened f;
    {
      auto lease = f.pool.acquire();
      sqlite3_exec(lease->nativeHandle(), "BEGIN IMMEDIATE; INSERT INTO t(x) VALUES (1)", nullptr, nullptr, nullptr);
      CHECK(lease->inTransaction());
    }
    CHECK_FALSE(f.pool.acquire()->inTransaction());
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM t") == 0);
    CHECK(f.events->count(EventKind::StateRestored) == 1);
    CHECK(f.logger->contains("transaction rolled back"));
    CHECK(f.pool.metrics().statesRestored == 1);
  }

  TEST_CASE("a statement left running on the native handle holds no snapshot any more") {
    Opened f;
    f.pool.run("INSERT INTO t(x) VALUES (1), (2)");
    {
      auto lease = f.pool.acquire(Access::Read);
      sqlite3_stmt* statement = nullptr;  // Finalized with the handle.
      sqlite3_prepare_v2(lease->nativeHandle(), "SELECT x FROM t", -1, &statement, nullptr);
      REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
    }
    f.pool.run("INSERT INTO t(x) VALUES (3)");
    CHECK(f.pool.checkpoint().truncated);
    f.pool.close();
    CHECK_FALSE(std::filesystem::exists(f.config.database + "-wal"));
  }

  TEST_CASE("handlers set on the native handle are gone with the lease") {
    Opened f;
    static int calls = 0;
    calls = 0;
    {
      auto lease = f.pool.acquire();
      sqlite3_progress_handler(
          lease->nativeHandle(), 1, [](void*) { return ++calls, 1; }, nullptr);
      sqlite3_busy_handler(
          lease->nativeHandle(), [](void*, int) { return ++calls, 0; }, nullptr);
      sqlite3_set_authorizer(
          lease->nativeHandle(),
          [](void*, int, const char*, const char*, const char*, const char*) { return ++calls, SQLITE_DENY; }, nullptr);
    }
    calls = 0;
    CHECK_NOTHROW(f.pool.run("INSERT INTO t(x) VALUES (1)"));
    CHECK(codeOf([&] { f.pool.run("COMMIT"); }) == ErrorCode::Denied);  // The engine's own authorizer is back.
    CHECK(calls == 0);
  }

  TEST_CASE("automatic checkpoints switched on at the native handle are off again") {
    Opened f;
    {
      auto lease = f.pool.acquire();
      sqlite3_wal_autocheckpoint(lease->nativeHandle(), 1);
    }
    for (int i = 0; i < 5; ++i) f.pool.run("INSERT INTO t(x) VALUES (randomblob(3000))");
    CHECK(f.pool.metrics().walPages >= 5);  // The engine's own hook is back, too.
  }

  TEST_CASE("a read handle made writable through the native handle is read-only for the next lease") {
    Opened f;
    {
      auto lease = f.pool.acquire(Access::Read);
      sqlite3_exec(lease->nativeHandle(), "PRAGMA query_only=0", nullptr, nullptr, nullptr);
    }
    CHECK(f.next("PRAGMA query_only", Access::Read) == "1");
  }

  TEST_CASE("defences switched off at the native handle are on again") {
    Opened f;
    {
      auto lease = f.pool.acquire();
      sqlite3_db_config(lease->nativeHandle(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
      sqlite3_db_config(lease->nativeHandle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
      sqlite3_db_config(lease->nativeHandle(), SQLITE_DBCONFIG_DQS_DML, 1, nullptr);
      sqlite3_db_config(lease->nativeHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
      sqlite3_exec(lease->nativeHandle(), "PRAGMA mmap_size=1048576; PRAGMA trusted_schema=1", nullptr, nullptr,
                   nullptr);
    }
    auto lease = f.pool.acquire();
    for (const int option :
         {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_TRUSTED_SCHEMA}) {
      int value = -1;
      sqlite3_db_config(handleOf(*lease), option, -1, &value);
      CHECK(value == 0);
    }
    for (const int option : {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE}) {
      int value = -1;
      sqlite3_db_config(handleOf(*lease), option, -1, &value);
      CHECK(value == 1);
    }
    CHECK(rawText(handleOf(*lease), "PRAGMA mmap_size") == "0");
  }

  TEST_CASE("temporary tables and attached files of the native handle are gone with the lease") {
    Opened f;
    const std::string other = f.directory.file("other.db");
    {
      auto lease = f.pool.acquire();
      const std::string sql = "CREATE TEMP TABLE t(shadow); ATTACH '" + other + "' AS other";
      sqlite3_exec(lease->nativeHandle(), sql.c_str(), nullptr, nullptr, nullptr);
    }
    CHECK(f.next("SELECT count(*) FROM temp.sqlite_master") == "0");
    CHECK(f.next("SELECT count(*) FROM pragma_database_list WHERE name NOT IN ('main', 'temp')") == "0");
  }

  TEST_CASE("hooks set on the native handle are gone with the lease") {
    Opened f;
    static int calls = 0;
    calls = 0;
    {
      auto lease = f.pool.acquire();
      sqlite3* handle = lease->nativeHandle();
      sqlite3_commit_hook(
          handle, [](void*) { return ++calls, 1; }, nullptr);  // Turns every commit into a rollback.
      sqlite3_rollback_hook(
          handle, [](void*) { ++calls; }, nullptr);
      sqlite3_update_hook(
          handle, [](void*, int, const char*, const char*, sqlite3_int64) { ++calls; }, nullptr);
      sqlite3_trace_v2(
          handle, SQLITE_TRACE_STMT, [](unsigned, void*, void*, void*) { return ++calls, 0; }, nullptr);
    }
    calls = 0;
    CHECK_NOTHROW(f.pool.run("INSERT INTO t(x) VALUES (1)"));
    CHECK(calls == 0);
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM t") == 1);
  }

  TEST_CASE("a discarded handle is replaced") {
    Opened f;
    auto lease = f.pool.acquire();
    const std::uint64_t id = lease->id();
    lease.discard();
    CHECK_FALSE(static_cast<bool>(lease));
    CHECK(f.pool.acquire()->id() != id);
    CHECK(f.pool.metrics().connectionsRecovered == 1);
  }

  TEST_CASE("a lease can be moved and released twice") {
    Opened f;
    PooledConnection first = f.pool.acquire();
    PooledConnection second = std::move(first);
    CHECK_FALSE(static_cast<bool>(first));
    second->run("INSERT INTO t(x) VALUES (1)");
    second.release();
    second.release();
    first.release();
    PooledConnection third = f.pool.acquire();
    third = f.pool.acquire(Access::Read);  // Gives the write handle back.
    CHECK(third->access() == Access::Read);
    CHECK(f.pool.tryAcquire(Access::Write).has_value());
  }
}
