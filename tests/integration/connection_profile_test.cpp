#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "connection/connection_impl.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace std::chrono_literals;
using holdfast::Access;
using holdfast::Connection;
using holdfast::Durability;
using holdfast::ErrorCode;
using holdfast::KiB;
using holdfast::TempStore;
using holdfast::test::codeOf;
using holdfast::test::PoolFixture;
using holdfast::test::rawInteger;
using holdfast::test::RawSqlite;
using holdfast::test::rawText;

namespace {

// Not nativeHandle(): that would count as a change.
sqlite3* handleOf(Connection& connection) { return connection.impl().handle; }

int switchOf(sqlite3* handle, int option) {
  int value = -1;
  sqlite3_db_config(handle, option, -1, &value);
  return value;
}

int modeOf(const std::string& path) {
  struct ::stat status {};
  if (::stat(path.c_str(), &status) != 0) return -1;
  return static_cast<int>(status.st_mode & 0777U);
}

void checkCommonSettings(sqlite3* handle) {
  CHECK(rawText(handle, "PRAGMA journal_mode") == "wal");
  CHECK(rawText(handle, "PRAGMA mmap_size") == "0");
  CHECK(rawInteger(handle, "PRAGMA cell_size_check") == 1);
  CHECK(rawInteger(handle, "PRAGMA trusted_schema") == 0);
  CHECK(rawInteger(handle, "PRAGMA wal_autocheckpoint") == 0);
  CHECK(switchOf(handle, SQLITE_DBCONFIG_DEFENSIVE) == 1);
  CHECK(switchOf(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA) == 0);
  CHECK(switchOf(handle, SQLITE_DBCONFIG_WRITABLE_SCHEMA) == 0);
  CHECK(switchOf(handle, SQLITE_DBCONFIG_DQS_DML) == 0);
  CHECK(switchOf(handle, SQLITE_DBCONFIG_DQS_DDL) == 0);
  CHECK(switchOf(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION) == 0);
  CHECK(switchOf(handle, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER) == 0);
  CHECK(switchOf(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE) == 1);
  CHECK(sqlite3_db_mutex(handle) == nullptr);  // No mutex inside SQLite.
}

}  // namespace

TEST_SUITE("integration/connection_profile") {
  TEST_CASE("the write handle has every setting of the profile") {
    PoolFixture f;
    f.config.busyTimeout = 1234ms;
    f.config.cacheSize = 300 * KiB;
    f.open();
    auto lease = f.pool.acquire(Access::Write);
    sqlite3* handle = handleOf(*lease);
    checkCommonSettings(handle);
    CHECK(rawInteger(handle, "PRAGMA synchronous") == 2);
    CHECK(rawInteger(handle, "PRAGMA cache_size") == -300);
    CHECK(rawInteger(handle, "PRAGMA temp_store") == 1);
    CHECK(rawInteger(handle, "PRAGMA foreign_keys") == 1);
    CHECK(rawInteger(handle, "PRAGMA query_only") == 0);
    CHECK(lease->access() == Access::Write);
  }

  TEST_CASE("every read handle has every setting of the profile and is query_only") {
    PoolFixture f;
    f.config.busyTimeout = 77ms;
    f.config.cacheSize = 200 * KiB;
    f.config.minPoolSize = 4;
    f.open();
    std::vector<holdfast::PooledConnection> leases;
    for (int i = 0; i < 3; ++i) leases.push_back(f.pool.acquire(Access::Read));
    for (auto& lease : leases) {
      sqlite3* handle = handleOf(*lease);
      checkCommonSettings(handle);
      CHECK(rawInteger(handle, "PRAGMA synchronous") == 2);
      CHECK(rawInteger(handle, "PRAGMA cache_size") == -200);
      CHECK(rawInteger(handle, "PRAGMA temp_store") == 1);
      CHECK(rawInteger(handle, "PRAGMA foreign_keys") == 1);
      CHECK(rawInteger(handle, "PRAGMA query_only") == 1);
      CHECK(lease->access() == Access::Read);
    }
  }

  TEST_CASE("durability sets synchronous on every handle") {
    struct {
      Durability durability;
      int synchronous;
    } const rows[] = {{Durability::Full, 2}, {Durability::Normal, 1}, {Durability::Off, 0}};
    for (const auto& row : rows) {
      CAPTURE(row.synchronous);
      PoolFixture f(2);
      f.config.durability = row.durability;
      f.open();
      CHECK(rawInteger(handleOf(*f.pool.acquire(Access::Write)), "PRAGMA synchronous") == row.synchronous);
      CHECK(rawInteger(handleOf(*f.pool.acquire(Access::Read)), "PRAGMA synchronous") == row.synchronous);
    }
  }

  TEST_CASE("foreign keys and the temporary store follow the configuration") {
    PoolFixture f(2);
    f.config.foreignKeys = false;
    f.config.tempStore = TempStore::Memory;
    f.open();
    for (const Access access : {Access::Write, Access::Read}) {
      auto lease = f.pool.acquire(access);
      CHECK(rawInteger(handleOf(*lease), "PRAGMA foreign_keys") == 0);
      CHECK(rawInteger(handleOf(*lease), "PRAGMA temp_store") == 2);
    }
  }

  TEST_CASE("commits do not checkpoint until the pool does") {
    PoolFixture f;
    f.config.checkpointPages = 262144;
    f.open();
    f.pool.run("CREATE TABLE t(x)");
    int last = 0;
    for (int i = 0; i < 1200; ++i) {
      f.pool.transaction([](holdfast::Transaction& tx) { tx.run("INSERT INTO t VALUES (randomblob(3000))"); },
                         {.durability = Durability::Off});
    }
    // A checkpoint would have let the log start anew: it has one frame for each page of each commit.
    CHECK(f.pool.metrics().checkpoints == 0);
    last = static_cast<int>(f.pool.metrics().walPages);
    CHECK(last >= 2400);
    CHECK(std::filesystem::file_size(f.config.database) == 4096);  // What journal_mode=WAL wrote, and nothing more.
    const holdfast::CheckpointReport report = f.pool.checkpoint();
    CHECK(report.complete);
    CHECK(report.truncated);
    CHECK(std::filesystem::file_size(f.config.database) > 1200 * 3000);
    CHECK(std::filesystem::file_size(f.config.database + "-wal") == 0);
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM t") == 1200);
  }

  TEST_CASE("the pool checkpoints by itself from checkpointPages on") {
    PoolFixture f;
    f.config.checkpointPages = 16;
    f.open();
    f.pool.run("CREATE TABLE t(x)");
    for (int i = 0; i < 40; ++i) f.pool.run("INSERT INTO t VALUES (randomblob(3000))");
    const holdfast::PoolMetrics metrics = f.pool.metrics();
    CHECK(metrics.checkpoints >= 3);
    CHECK(metrics.walPages < 40);
    CHECK(std::filesystem::file_size(f.config.database) > 30 * 3000);
  }

  TEST_CASE("the database, its log and its index are readable by nobody else") {
    PoolFixture f;
    f.open();
    f.pool.run("CREATE TABLE t(x)");
    CHECK(modeOf(f.config.database) == 0600);
    CHECK(modeOf(f.config.database + "-wal") == 0600);
    CHECK(modeOf(f.config.database + "-shm") == 0600);
  }

  TEST_CASE("an existing file keeps its mode and its log copies it") {
    PoolFixture f;
    { RawSqlite(f.config.database).run("CREATE TABLE t(x)"); }
    std::filesystem::permissions(f.config.database, std::filesystem::perms(0640));
    f.open();
    f.pool.run("INSERT INTO t VALUES (1)");
    CHECK(modeOf(f.config.database) == 0640);
    CHECK(modeOf(f.config.database + "-wal") == 0640);
  }

  TEST_CASE("a file in another journal mode is brought to write-ahead logging") {
    PoolFixture f;
    {
      RawSqlite raw(f.config.database);
      raw.run("PRAGMA journal_mode=TRUNCATE");
      raw.run("CREATE TABLE t(x)");
      raw.run("INSERT INTO t VALUES (7)");
    }
    CHECK(f.pool.open(f.config).journalMode == "wal");
    CHECK(f.pool.queryValue<int>("SELECT x FROM t") == 7);
  }

  TEST_CASE("a double-quoted name that does not exist is an error and no text") {
    PoolFixture f;
    f.open();
    CHECK(codeOf([&] { f.pool.query("SELECT \"nothing of this name\""); }) == ErrorCode::InvalidSql);
    CHECK(codeOf([&] { f.pool.run("CREATE TABLE t(x CHECK (x <> \"y\"))"); }) == ErrorCode::InvalidSql);
  }

  TEST_CASE("extensions cannot be loaded") {
    PoolFixture f;
    f.open();
    CHECK(codeOf([&] { f.pool.run("SELECT load_extension('x')"); }).has_value());
#if !defined(SQLITE_OMIT_LOAD_EXTENSION)
    auto lease = f.pool.acquire();
    char* message = nullptr;
    CHECK(sqlite3_load_extension(handleOf(*lease), "./x", nullptr, &message) != SQLITE_OK);
    CHECK(std::string(message) == "not authorized");
    sqlite3_free(message);
#endif
  }

  TEST_CASE("functions that the schema must not call do not run from it") {
    PoolFixture f;
    // Neither innocuous nor direct-only: only trusted_schema decides.
    {
      RawSqlite raw(f.config.database);
      raw.run("CREATE TABLE t(x)");
      raw.run("CREATE VIEW v AS SELECT load_extension('x')");
    }
    f.open();
    CHECK(codeOf([&] { f.pool.query("SELECT * FROM v"); }).has_value());
    CHECK(codeOf([&] { f.pool.run("UPDATE sqlite_schema SET sql = '' WHERE name = 't'"); }).has_value());
    CHECK(codeOf([&] { f.pool.run("DELETE FROM sqlite_schema"); }).has_value());
  }

  TEST_CASE("limits keep hostile text from using up the device") {
    PoolFixture f(2);
    f.open();
    for (const Access access : {Access::Write, Access::Read}) {
      auto lease = f.pool.acquire(access);
      sqlite3* handle = handleOf(*lease);
      CHECK(sqlite3_limit(handle, SQLITE_LIMIT_VARIABLE_NUMBER, -1) <= 32766);
      CHECK(sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, -1) <= 64 * 1024 * 1024);
      CHECK(sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, -1) <= 1000000);
      CHECK(sqlite3_limit(handle, SQLITE_LIMIT_VDBE_OP, -1) <= 1000000);
      CHECK(sqlite3_limit(handle, SQLITE_LIMIT_TRIGGER_DEPTH, -1) <= 100);
      CHECK(sqlite3_limit(handle, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1) <= 1000);
      CHECK(sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, -1) <= 1);
    }
  }
}
