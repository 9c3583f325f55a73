#include <doctest/doctest.h>
#include <sqlite3.h>

#include <array>
#include <filesystem>
#include <string>

#include <holdfast/holdfast.hpp>

#include "connection/connection_impl.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using holdfast::Access;
using holdfast::ErrorCode;
using holdfast::Sql;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;
using holdfast::test::rawText;

namespace {

struct Opened : PoolFixture {
  Opened() : PoolFixture(2) { openWithRows(2); }
  void checkDenied(const std::string& text, const char* reason) {
    CAPTURE(text);
    const auto error = errorOf([&] { pool.run(Sql::unchecked(text)); });
    CHECK(error.has_value());
    if (!error) return;
    CHECK(error->code() == ErrorCode::Denied);
    CHECK(error->recovery() == holdfast::Recovery::FixRequest);
    CHECK(contains(error->what(), reason));
  }
};

}  // namespace

TEST_SUITE("integration/connection_guard") {
  TEST_CASE("transaction control in SQL text is denied and says what to use") {
    Opened f;
    for (const std::string text :
         {"BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE TRANSACTION", "COMMIT", "END", "ROLLBACK", "SAVEPOINT x",
          "RELEASE x", "ROLLBACK TO x", "/* c */ BEGIN", "EXPLAIN BEGIN"}) {
      f.checkDenied(text, "transaction()");
    }
    CHECK_FALSE(f.pool.acquire()->inTransaction());
  }

  TEST_CASE("transaction control is denied inside a transaction too and the transaction goes on") {
    Opened f;
    f.pool.transaction([](holdfast::Transaction& tx) {
      tx.run("INSERT INTO item(name) VALUES ('x')");
      CHECK(codeOf([&] { tx.run("COMMIT"); }) == ErrorCode::Denied);
      CHECK(codeOf([&] { tx.run("ROLLBACK"); }) == ErrorCode::Denied);
      CHECK(codeOf([&] { tx.run("RELEASE holdfast"); }) == ErrorCode::Denied);
      CHECK(tx.isActive());
    });
    CHECK(f.rows() == 3);
  }

  TEST_CASE("other files cannot be reached") {
    Opened f;
    const std::string other = f.directory.file("other.db");
    f.checkDenied("ATTACH '" + other + "' AS other", "ATTACH");
    f.checkDenied("ATTACH ':memory:' AS other", "ATTACH");
    f.checkDenied("DETACH main", "ATTACH");
    f.checkDenied("VACUUM INTO '" + other + "'", "VACUUM INTO");
    f.checkDenied("VACUUM main INTO '" + other + "'", "VACUUM INTO");
    CHECK_FALSE(std::filesystem::exists(other));
  }

  TEST_CASE("a file name that is a parameter does not help either") {
    Opened f;
    const std::string other = f.directory.file("other.db");
    CHECK(codeOf([&] { f.pool.run("VACUUM INTO ?", other); }) == ErrorCode::Denied);
    CHECK(codeOf([&] { f.pool.run("ATTACH ? AS other", other); }) == ErrorCode::Denied);
    CHECK_FALSE(std::filesystem::exists(other));
  }

  TEST_CASE("settings that belong to the engine are denied") {
    Opened f;
    for (const std::string text : {"PRAGMA journal_mode=DELETE",
                                   "PRAGMA main.journal_mode=DELETE",
                                   "PRAGMA JOURNAL_MODE(delete)",
                                   "PRAGMA locking_mode=EXCLUSIVE",
                                   "PRAGMA writable_schema=ON",
                                   "PRAGMA query_only=OFF",
                                   "PRAGMA trusted_schema=ON",
                                   "PRAGMA mmap_size=100000",
                                   "PRAGMA wal_autocheckpoint=1",
                                   "PRAGMA journal_size_limit=1",
                                   "PRAGMA cell_size_check=OFF",
                                   "PRAGMA read_uncommitted=ON",
                                   "PRAGMA temp_store_directory='/'",
                                   "PRAGMA soft_heap_limit=1",
                                   "PRAGMA hard_heap_limit=1",
                                   "PRAGMA page_size=512",
                                   "PRAGMA max_page_count=1",
                                   "PRAGMA encoding='UTF-16'",
                                   "PRAGMA schema_version=9",
                                   "PRAGMA checkpoint_fullfsync=ON",
                                   "PRAGMA fullfsync=ON",
                                   "PRAGMA ignore_check_constraints=ON",
                                   "PRAGMA wal_checkpoint(TRUNCATE)",
                                   "PRAGMA full_column_names=ON"}) {
      f.checkDenied(text, "");
    }
    f.checkDenied("PRAGMA journal_mode=DELETE", "ConnectionConfig");
    f.checkDenied("PRAGMA wal_checkpoint", "checkpoint()");
    f.checkDenied("PRAGMA main.wal_checkpoint", "checkpoint()");
  }

  TEST_CASE("a denied setting is as it was, also where SQLite applies it while compiling") {
    Opened f;
    for (const Access access : {Access::Write, Access::Read}) {
      auto lease = f.pool.acquire(access);
      for (const std::string text :
           {"PRAGMA query_only=0", "PRAGMA trusted_schema=1", "PRAGMA journal_mode=DELETE",
            "SELECT 1; PRAGMA query_only=0", "EXPLAIN PRAGMA query_only=0", "EXPLAIN QUERY PLAN PRAGMA query_only=0"}) {
        CAPTURE(text);
        CHECK(codeOf([&] { lease->run(Sql::unchecked(text)); }).has_value());
      }
      sqlite3* handle = lease->impl().handle;
      CHECK(rawText(handle, "PRAGMA query_only") == (access == Access::Read ? "1" : "0"));
      CHECK(rawText(handle, "PRAGMA trusted_schema") == "0");
      CHECK(rawText(handle, "PRAGMA journal_mode") == "wal");
    }
  }

  TEST_CASE("settings can be read") {
    Opened f;
    // SQLite counts this one among the statements that write.
    CHECK(f.pool.acquire()->queryValue<std::string>("PRAGMA journal_mode") == "wal");
    CHECK(f.pool.queryValue<int>("PRAGMA query_only") == 1);
    CHECK(f.pool.queryValue<int>("PRAGMA page_size") == 4096);
    CHECK(f.pool.query("PRAGMA table_info(item)").size() == 2);
    CHECK(f.pool.query("SELECT * FROM pragma_table_info('item')").size() == 2);
    CHECK(f.pool.queryValue<std::string>("PRAGMA integrity_check") == "ok");
    CHECK(f.pool.queryValue<std::string>("PRAGMA quick_check(1)") == "ok");
  }

  TEST_CASE("what is stored in the file in the ordinary way is allowed") {
    Opened f;
    f.pool.run("PRAGMA user_version=17");
    f.pool.run("PRAGMA application_id=99");
    f.pool.run("PRAGMA optimize");
    f.pool.run("ANALYZE");
    f.pool.run("REINDEX");
    f.pool.close();
    RawSqlite raw(f.config.database);
    CHECK(raw.integer("PRAGMA user_version") == 17);
    CHECK(raw.integer("PRAGMA application_id") == 99);
  }

  TEST_CASE("VACUUM works and makes the file smaller") {
    Opened f;
    f.pool.run("CREATE TABLE big(x)");
    for (int i = 0; i < 50; ++i) f.pool.run("INSERT INTO big VALUES (randomblob(20000))");
    f.pool.run("DROP TABLE big");
    f.pool.checkpoint();
    const auto before = std::filesystem::file_size(f.config.database);
    f.pool.run("VACUUM");
    f.pool.checkpoint();
    CHECK(std::filesystem::file_size(f.config.database) < before / 10);
    CHECK(f.rows() == 2);
    CHECK(codeOf([&] { f.pool.run("BEGIN"); }) == ErrorCode::Denied);  // The guard judges again afterwards.
  }

  TEST_CASE("VACUUM inside a transaction is an error and spoils nothing") {
    Opened f;
    CHECK(codeOf([&] { f.pool.transaction([](holdfast::Transaction& tx) { tx.run("VACUUM"); }); }).has_value());
    CHECK(f.rows() == 2);
    f.pool.run("VACUUM");
  }

  TEST_CASE("a trigger cannot carry what a statement must not") {
    Opened f;
    CHECK(codeOf([&] { f.pool.run("CREATE TRIGGER g AFTER INSERT ON item BEGIN COMMIT; END"); }) ==
          ErrorCode::InvalidSql);
    // RAISE(ROLLBACK) is the one way left, and the transaction notices.
    f.pool.run("CREATE TRIGGER g AFTER INSERT ON item BEGIN SELECT RAISE(ROLLBACK, 'no more items'); END");
    const auto error = errorOf(
        [&] { f.pool.transaction([](holdfast::Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('x')"); }); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Constraint);
    CHECK(contains(error->what(), "no more items"));
    CHECK(f.rows() == 2);
  }

  TEST_CASE("tables of the engine's files are out of reach") {
    Opened f;
    CHECK(codeOf([&] { f.pool.run("DELETE FROM sqlite_master"); }).has_value());
    CHECK(codeOf([&] { f.pool.run("UPDATE sqlite_master SET sql='x'"); }).has_value());
    CHECK(codeOf([&] { f.pool.run("SELECT writefile('x', 'y')"); }) == ErrorCode::InvalidSql);
    CHECK(codeOf([&] { f.pool.run("SELECT fts3_tokenizer('simple', x'00')"); }).has_value());
    CHECK(f.rows() == 2);
  }
}
