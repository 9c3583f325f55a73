// SQL that somebody has put in who means harm: none of it gets through, and none of it runs for ever.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "connection/connection_impl.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

namespace {

constexpr int kItems = 50;

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

/// What must be refused, or ended by its deadline.
std::vector<std::string> hostileStatements() {
  std::vector<std::string> all{
      // Other files.
      "ATTACH 'other.db' AS other",
      "ATTACH ':memory:' AS other",
      "ATTACH '' AS other",
      "ATTACH 'file:other.db?mode=rwc' AS other",
      "ATTACH DATABASE (SELECT 'other' || '.db') AS other",
      "DETACH main",
      "DETACH temp",
      "VACUUM INTO 'other.db'",
      "VACUUM main INTO 'file:other.db'",
      "VACUUM INTO (SELECT 'other.db')",
      "PRAGMA temp_store_directory='/'",
      "PRAGMA data_store_directory='/'",
      "SELECT load_extension('/tmp/evil.so')",
      "SELECT load_extension('/tmp/evil.so', 'entry')",
      "SELECT readfile('/etc/passwd')",
      "SELECT writefile('other.db', 'x')",
      "SELECT * FROM fsdir('/')",
      "SELECT edit('x', 'sh')",
      "CREATE VIRTUAL TABLE evil USING csv(filename='/etc/passwd')",
      "CREATE VIRTUAL TABLE evil USING zipfile('other.zip')",
      // Memory and schema.
      "SELECT fts3_tokenizer('simple')",
      "SELECT fts3_tokenizer('simple', x'4141414141414141')",
      "PRAGMA writable_schema=ON",
      "PRAGMA writable_schema=RESET",
      "PRAGMA main.writable_schema(1)",
      "PRAGMA trusted_schema=ON",
      "PRAGMA cell_size_check=OFF",
      "PRAGMA ignore_check_constraints=ON",
      "PRAGMA schema_version=1",
      "UPDATE sqlite_schema SET sql = 'x'",
      "DELETE FROM sqlite_master",
      "INSERT INTO sqlite_schema VALUES ('table', 'evil', 'evil', 2, 'CREATE TABLE evil(x)')",
      "DROP TABLE sqlite_schema",
      "ALTER TABLE sqlite_schema RENAME TO evil",
      "CREATE TABLE sqlite_evil(x)",
      "UPDATE sqlite_dbpage SET data = zeroblob(4096) WHERE pgno = 1",
      "DELETE FROM sqlite_stat1; DROP TABLE item",
      // The engine's settings.
      "PRAGMA journal_mode=DELETE",
      "PRAGMA journal_mode=OFF",
      "PRAGMA locking_mode=EXCLUSIVE",
      "PRAGMA query_only=OFF",
      "PRAGMA mmap_size=1000000000",
      "PRAGMA hard_heap_limit=1",
      "PRAGMA soft_heap_limit=1",
      "PRAGMA max_page_count=1",
      "PRAGMA wal_checkpoint(TRUNCATE)",
      "PRAGMA wal_checkpoint",
      "PRAGMA wal_autocheckpoint=1",
      "PRAGMA key='x'",
      "PRAGMA unheard_of",
      "PRAGMA parser_trace=ON",
      "EXPLAIN PRAGMA query_only=OFF",
      // The lane.
      "BEGIN",
      "BEGIN EXCLUSIVE",
      "COMMIT",
      "END",
      "ROLLBACK",
      "SAVEPOINT evil",
      "RELEASE evil",
      "ROLLBACK TO evil",
      "/* harmless */ COMMIT",
      // More than one statement, or none.
      "SELECT 1; DROP TABLE item",
      "SELECT 1; SELECT 2",
      "SELECT 1; this is not sql",
      "SELECT \"no such column\" FROM item",
      // What would not end, or take all there is.
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0",
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n) SELECT max(i) FROM n",
      "WITH RECURSIVE n(t) AS (SELECT 'x' UNION ALL SELECT t || t FROM n) SELECT max(length(t)) FROM n",
      "SELECT count(*) FROM item a, item b, item c, item d, item e, item f, item g, item h, item i, item j",
      "SELECT group_concat(a.name || b.name || c.name) FROM item a, item b, item c, item d, item e, item f",
      "SELECT zeroblob(2000000000)",
      "SELECT randomblob(1000000000)",
      "SELECT hex(zeroblob(60000000))",
      "SELECT printf('%.*c', 1000000000, 'x')",
      "SELECT replace(hex(zeroblob(1000000)), '0', hex(zeroblob(1000)))",
      "SELECT 'a' LIKE '" + repeated("%a", 1000) + "'",
      "SELECT 'a' GLOB '" + repeated("*a", 1000) + "'",
      "SELECT 1" + repeated(" + 1", 2000),
      "SELECT 1" + repeated(" UNION ALL SELECT 1", 500),
      "SELECT 1" + repeated(", 1", 3000),
      "SELECT max(1" + repeated(", 1", 200) + ")",
      "SELECT ?99999",
      "SELECT '" + std::string(2'000'000, 'x') + "'",
      "SELECT 1 FROM item ORDER BY 1" + repeated(", 1", 3000),
  };
  return all;
}

struct Opened : PoolFixture {
  Opened() : PoolFixture(2) {
    config.memoryLimit = 16 * MiB;
    openWithRows(kItems);
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(directory.path())) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string settings(Access access) {
    const auto lease = pool.acquire(access);
    sqlite3* const handle = lease->impl().handle;
    std::string text;
    for (const char* pragma : {"journal_mode", "locking_mode", "query_only", "trusted_schema", "writable_schema",
                               "cell_size_check", "mmap_size", "max_page_count", "wal_autocheckpoint",
                               "ignore_check_constraints", "temp_store_directory", "foreign_keys", "synchronous"}) {
      text += rawText(handle, std::string("PRAGMA ") + pragma) + ' ';
    }
    return text + std::to_string(sqlite3_hard_heap_limit64(-1)) + ' ' + std::to_string(lease->inTransaction());
  }
};

}  // namespace

TEST_SUITE("integration/hostile_statement") {
  TEST_CASE("no hostile statement gets through, and none runs for ever") {
    const Watchdog watchdog("a hostile statement runs for ever", 10 * kPatience);
    const auto before = fs::current_path();
    Opened f;
    fs::current_path(f.directory.path());
    const std::vector<std::string> statements = hostileStatements();
    CHECK(statements.size() >= 40);
    const std::vector<std::string> files = f.files();
    const std::string writing = f.settings(Access::Write);
    const std::string reading = f.settings(Access::Read);
    constexpr auto kDeadline = 50ms;
    for (const std::string& text : statements) {
      const std::string shown = text.substr(0, 100);
      CAPTURE(shown);
      const Sql sql = Sql::unchecked(text);
      CHECK(errorOf([&] { f.pool.with({.timeout = kDeadline}).run(sql); }).has_value());
      CHECK(errorOf([&] { f.pool.with({.timeout = kDeadline}).query(sql); }).has_value());
      CHECK(errorOf([&] {
              f.pool.transaction([&](Transaction& tx) { tx.run(sql); }, {.timeout = kDeadline});
            }).has_value());
      CHECK(f.settings(Access::Write) == writing);
      CHECK(f.settings(Access::Read) == reading);
    }
    CHECK(f.files() == files);
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.rows() == kItems);
    f.pool.run("INSERT INTO item(name) VALUES ('goes on')");
    f.pool.close();
    CHECK(f.isSound());
    RawSqlite raw(f.config.database);
    CHECK(raw.integer("SELECT count(*) FROM item") == kItems + 1);
    CHECK(raw.integer("SELECT count(*) FROM sqlite_schema") == 1);
    fs::current_path(before);
  }

  TEST_CASE("what is bound is never read as SQL") {
    Opened f;
    for (const std::string value :
         {"'; DROP TABLE item; --", "\"; DROP TABLE item; --", "x') ; DELETE FROM item ; --", "%", "' OR '1'='1"}) {
      f.pool.run("INSERT INTO item(name) VALUES (?)", value);
      CHECK(f.pool.queryValue<int>("SELECT count(*) FROM item WHERE name = ?", value) == 1);
      f.pool.run("DELETE FROM item WHERE name = ?", value);
    }
    CHECK(f.rows() == kItems);
  }

  TEST_CASE("what is bound does not open what is switched off") {
    Opened f;
    const std::vector<std::byte> pointer(8, std::byte{0x41});
    const auto checkDenied = [](const std::optional<Error>& error) {
      REQUIRE(error.has_value());
      CHECK(contains(error->what(), "not authorized"));
    };
    checkDenied(errorOf([&] { f.pool.query("SELECT fts3_tokenizer(?)", "simple"); }));
    checkDenied(errorOf([&] { f.pool.query("SELECT fts3_tokenizer(?, ?)", "simple", pointer); }));
    checkDenied(errorOf([&] { f.pool.query("SELECT load_extension(?)", "/tmp/evil.so"); }));
    CHECK(f.rows() == kItems);
  }

  TEST_CASE("a statement that hides another one behind a zero is not carried out by halves") {
    Opened f;
    const std::string text("SELECT 1\0; DROP TABLE item", 26);
    CHECK(errorOf([&] { f.pool.run(Sql::unchecked(text)); }).has_value());
    CHECK(f.rows() == kItems);
  }

  TEST_CASE("triggers that call each other for ever are ended") {
    const Watchdog watchdog("triggers run for ever");
    Opened f;
    f.pool.run("CREATE TABLE chain(x)");
    f.pool.run("CREATE TRIGGER again AFTER INSERT ON chain BEGIN INSERT INTO chain VALUES (new.x + 1); END");
    const auto error = errorOf([&] {
      auto lease = f.pool.acquire();
      lease->run("PRAGMA recursive_triggers=ON");
      lease->run("INSERT INTO chain VALUES (1)");
    });
    CHECK(error.has_value());
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM chain") == 0);
  }

  TEST_CASE("an endless query is also ended by its stop token and by a lease that is forced back") {
    const Watchdog watchdog("an endless query is not ended");
    Opened f;
    constexpr const char* kEndless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    StopSource stop;
    Gate running;
    std::thread stopper([&] {
      running.pass();
      stop.request_stop();
    });
    running.open();
    CHECK(codeOf([&] { f.pool.with({.cancel = stop.get_token()}).query(Sql::unchecked(kEndless)); }) ==
          ErrorCode::Interrupted);
    stopper.join();
    CHECK(f.rows() == kItems);
  }
}
