// What a lease leaves behind is gone when the next one begins.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <fstream>

#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

int execute(sqlite3* handle, const char* sql) { return sqlite3_exec(handle, sql, nullptr, nullptr, nullptr); }

bool isFullyCheckpointed(ConnectionPool& pool) {
  const CheckpointReport report = pool.checkpoint();
  return report.complete && report.truncated;
}

}  // namespace

TEST_SUITE("pool/restore") {
  TEST_CASE("a transaction left open through the native handle is rolled back and reported") {
    PoolFixture fixture;
    fixture.openWithRows(3);
    ConnectionPool& pool = fixture.pool;
    PooledConnection lease = pool.acquire();
    const std::uint64_t id = lease->id();
    REQUIRE(execute(lease->nativeHandle(), "BEGIN") == SQLITE_OK);
    CHECK(lease->inTransaction());
    lease->run("DELETE FROM item");
    lease.release();
    CHECK(fixture.rows() == 3);
    CHECK(pool.metrics().statesRestored == 1);
    const std::vector<Event> restored = fixture.events->of(EventKind::StateRestored);
    REQUIRE(restored.size() == 1);
    CHECK(restored[0].connectionId == id);
    CHECK(contains(restored[0].detail, "transaction rolled back"));
    CHECK(fixture.logger->contains("transaction rolled back"));
    PooledConnection next = pool.acquire();
    CHECK(next->id() != id);  // Nobody knows what else was done through the native handle.
    CHECK_FALSE(next->inTransaction());
  }

  TEST_CASE("a lease that left nothing behind restores nothing") {
    PoolFixture fixture;
    fixture.openWithRows(3);
    { const PooledConnection lease = fixture.pool.acquire(); }
    { fixture.pool.acquire()->run("DELETE FROM item WHERE id = ?", 1); }
    CHECK(codeOf([&] { fixture.pool.acquire()->run("NOT SQL"); }) == ErrorCode::InvalidSql);
    CHECK(fixture.pool.metrics().statesRestored == 0);
    CHECK(fixture.events->count(EventKind::StateRestored) == 0);
    CHECK(fixture.pool.metrics().connectionsDestroyed == 0);
  }

  TEST_CASE("an idle handle keeps no read transaction") {
    PoolFixture fixture;
    fixture.openWithRows(500);
    ConnectionPool& pool = fixture.pool;
    SUBCASE("after a result that was read to its end") { fixture.rows(); }
    SUBCASE("after a visit that ended early") {
      pool.forEach("SELECT * FROM item", [](const RowView&) { return false; });
    }
    SUBCASE("after a visit that threw") {
      CHECK_THROWS_AS(pool.forEach("SELECT * FROM item", [](const RowView&) { throw std::runtime_error("enough"); }),
                      std::runtime_error);
    }
    SUBCASE("after a value that is the first of many rows") {
      CHECK(pool.queryValue<std::int64_t>("SELECT id FROM item") == 1);
    }
    SUBCASE("after a read transaction") {
      pool.read([](ReadTransaction& snapshot) { snapshot.query("SELECT * FROM item LIMIT 1"); });
    }
    SUBCASE("after a read transaction that threw") {
      CHECK(codeOf([&] { pool.read([](ReadTransaction& snapshot) { snapshot.query("SELECT * FROM nothing"); }); }) ==
            ErrorCode::InvalidSql);
    }
    pool.run("DELETE FROM item WHERE id = 1");
    CHECK(isFullyCheckpointed(pool));
  }

  TEST_CASE("a read transaction that is open does keep the log from being cut") {
    PoolFixture fixture;
    fixture.openWithRows(10);
    ConnectionPool& pool = fixture.pool;
    pool.read([&](ReadTransaction& snapshot) {
      CHECK(snapshot.queryValue<std::int64_t>("SELECT count(*) FROM item") == 10);
      pool.run("DELETE FROM item WHERE id = 1");
      CHECK_FALSE(isFullyCheckpointed(pool));
      CHECK(snapshot.queryValue<std::int64_t>("SELECT count(*) FROM item") == 10);
    });
    CHECK(fixture.rows() == 9);
    CHECK(isFullyCheckpointed(pool));
    CHECK(fixture.events->count(EventKind::CheckpointBlocked) == 1);
    CHECK(pool.metrics().checkpointsBlocked == 1);
    CHECK(pool.metrics().checkpoints == 2);
  }

  TEST_CASE("a statement left running through the native handle ends with the lease") {
    PoolFixture fixture;
    fixture.openWithRows(500);
    ConnectionPool& pool = fixture.pool;
    sqlite3_stmt* statement = nullptr;
    {
      PooledConnection lease = pool.acquire(Access::Read);
      sqlite3* handle = lease->nativeHandle();
      REQUIRE(sqlite3_prepare_v2(handle, "SELECT * FROM item", -1, &statement, nullptr) == SQLITE_OK);
      REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
      pool.run("DELETE FROM item WHERE id = 1");
      CHECK_FALSE(isFullyCheckpointed(pool));
    }
    CHECK(isFullyCheckpointed(pool));
  }

  TEST_CASE("a statement left prepared through the native handle does not keep the files open after close()") {
    PoolFixture fixture;
    fixture.openWithRows(1);
    {
      PooledConnection lease = fixture.pool.acquire();
      sqlite3_stmt* statement = nullptr;
      REQUIRE(sqlite3_prepare_v2(lease->nativeHandle(), "SELECT * FROM item", -1, &statement, nullptr) == SQLITE_OK);
    }
    fixture.pool.close();
    // The last handle to close deletes the log; a handle that could not be closed keeps it.
    CHECK_FALSE(std::filesystem::exists(fixture.config.database + "-wal"));
  }

  TEST_CASE("settings that a lease changed are put back") {
    PoolFixture fixture;
    fixture.openWithRows(1);
    ConnectionPool& pool = fixture.pool;
    const auto settings = [&] {
      const PooledConnection lease = pool.acquire();
      return std::vector<std::int64_t>{lease->queryValue<std::int64_t>("PRAGMA cache_size").value(),
                                       lease->queryValue<std::int64_t>("PRAGMA foreign_keys").value(),
                                       lease->queryValue<std::int64_t>("PRAGMA synchronous").value(),
                                       lease->queryValue<std::int64_t>("PRAGMA temp_store").value(),
                                       lease->queryValue<std::int64_t>("PRAGMA busy_timeout").value()};
    };
    const std::vector<std::int64_t> before = settings();
    const std::uint64_t restored = pool.metrics().statesRestored;
    SUBCASE("by SQL") {
      const PooledConnection lease = pool.acquire();
      lease->run("PRAGMA cache_size=7");
      lease->run("PRAGMA foreign_keys=0");
      lease->run("PRAGMA synchronous=0");
      lease->run("PRAGMA temp_store=2");
      lease->run("PRAGMA busy_timeout=1");
    }
    SUBCASE("through the native handle") {
      PooledConnection lease = pool.acquire();
      execute(lease->nativeHandle(),
              "PRAGMA cache_size=7; PRAGMA foreign_keys=0; PRAGMA synchronous=0; PRAGMA temp_store=2");
      sqlite3_busy_timeout(lease->nativeHandle(), 1);
    }
    CHECK(settings() == before);
    CHECK(pool.metrics().statesRestored <= restored + 1);
  }

  TEST_CASE("temporary objects end with the lease that made them") {
    PoolFixture fixture(1);
    fixture.openWithRows(1);
    ConnectionPool& pool = fixture.pool;
    const std::uint64_t id = pool.acquire()->id();
    pool.run("CREATE TEMP TABLE scratch(x)");
    CHECK(codeOf([&] { pool.query("SELECT * FROM scratch"); }) == ErrorCode::InvalidSql);
    CHECK(pool.acquire()->id() != id);
    CHECK(pool.metrics().statesRestored == 1);
    CHECK(fixture.rows() == 1);
  }

  // One case each: they fail for reasons of their own.
  TEST_CASE("a temporary table made through the native handle does not reach the next lease") {
    PoolFixture fixture(1);
    fixture.openWithRows(1);
    execute(fixture.pool.acquire()->nativeHandle(), "CREATE TEMP TABLE item AS SELECT 1 AS id LIMIT 0");
    CHECK(fixture.rows() == 1);
  }

  TEST_CASE("a database attached through the native handle does not reach the next lease") {
    PoolFixture fixture(1);
    fixture.openWithRows(1);
    std::ofstream(fixture.directory.file("other.db")).flush();
    const std::string attach = "ATTACH '" + fixture.directory.file("other.db") + "' AS other";
    CHECK(execute(fixture.pool.acquire()->nativeHandle(), attach.c_str()) == SQLITE_AUTH);
    CHECK(fixture.pool.query("PRAGMA database_list").size() == 1);
  }

  TEST_CASE("a hook set through the native handle does not reach the next lease") {
    PoolFixture fixture(1);
    fixture.openWithRows(1);
    SUBCASE("commit hook") {
      sqlite3_commit_hook(
          fixture.pool.acquire()->nativeHandle(), [](void*) { return 1; }, nullptr);
    }
    SUBCASE("progress handler") {
      sqlite3_progress_handler(
          fixture.pool.acquire()->nativeHandle(), 1, [](void*) { return 1; }, nullptr);
    }
    SUBCASE("authorizer") {
      sqlite3_set_authorizer(
          fixture.pool.acquire()->nativeHandle(),
          [](void*, int, const char*, const char*, const char*, const char*) { return SQLITE_DENY; }, nullptr);
    }
    CHECK_FALSE(codeOf([&] { fixture.pool.run("DELETE FROM item"); }));
    CHECK(fixture.rows() == 0);
    CHECK(codeOf([&] { fixture.pool.run("BEGIN"); }) == ErrorCode::Denied);
  }

  TEST_CASE("a transaction's own durability ends with it") {
    PoolFixture fixture;
    fixture.openWithRows(1);
    const auto synchronous = [&] {
      return fixture.pool.acquire()->queryValue<std::int64_t>("PRAGMA synchronous").value();
    };
    CHECK(synchronous() == 2);
    fixture.pool.transaction(
        [](Transaction& tx) {
          CHECK(tx.queryValue<std::int64_t>("PRAGMA synchronous") == 1);
          tx.run("DELETE FROM item");
        },
        {.durability = Durability::Normal});
    CHECK(synchronous() == 2);
    CHECK(fixture.pool.metrics().statesRestored == 0);
  }
}
