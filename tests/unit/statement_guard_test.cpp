#include "connection/statement_guard.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstring>
#include <string>

#include "support/raw_sqlite.hpp"

using holdfast::StatementGuard;
using holdfast::test::RawSqlite;

namespace {

struct Guarded {
  Guarded() {
    raw.run("CREATE TABLE t(x)");
    guard.install(raw.handle(), nullptr);
  }
  /// SQLite's code for preparing a text of the application.
  int judged(const std::string& text) {
    const StatementGuard::Judging judging(guard);
    return prepare(text);
  }
  int prepare(const std::string& text) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v2(raw.handle(), text.c_str(), -1, &statement, nullptr);
    sqlite3_finalize(statement);
    return code;
  }

  StatementGuard guard;
  RawSqlite raw{":memory:"};
};

}  // namespace

TEST_SUITE("connection/statement_guard") {
  TEST_CASE("ordinary statements are allowed and noted as no change") {
    Guarded g;
    for (const std::string text : {"SELECT * FROM t", "INSERT INTO t VALUES (1)", "UPDATE t SET x = 2", "DELETE FROM t",
                                   "CREATE TABLE u(x)", "CREATE INDEX i ON t(x)", "DROP TABLE t", "ANALYZE", "REINDEX",
                                   "WITH RECURSIVE n(i) AS (SELECT 1) SELECT * FROM n", "EXPLAIN SELECT 1", "VACUUM"}) {
      CAPTURE(text);
      CHECK(g.judged(text) == SQLITE_OK);
    }
    CHECK_FALSE(g.guard.changes().any());
  }

  TEST_CASE("transaction control and other files are denied with a reason") {
    Guarded g;
    for (const std::string text : {"BEGIN", "COMMIT", "ROLLBACK", "END", "SAVEPOINT a", "RELEASE a", "ROLLBACK TO a"}) {
      CAPTURE(text);
      CHECK(g.judged(text) == SQLITE_AUTH);
      CHECK(std::strstr(g.guard.denialReason(), "transaction()") != nullptr);
    }
    for (const std::string text : {"ATTACH 'x' AS y", "DETACH y"}) {
      CAPTURE(text);
      CHECK(g.judged(text) == SQLITE_AUTH);
      CHECK(std::strstr(g.guard.denialReason(), "ATTACH") != nullptr);
    }
  }

  TEST_CASE("pragmas are judged by name in any spelling") {
    Guarded g;
    for (const std::string text :
         {"PRAGMA journal_mode=wal", "PRAGMA Journal_Mode = wal", "PRAGMA main.journal_mode(wal)",
          "PRAGMA writable_schema=1", "PRAGMA wal_checkpoint", "PRAGMA WAL_CHECKPOINT(FULL)"}) {
      CAPTURE(text);
      CHECK(g.judged(text) == SQLITE_AUTH);
    }
    for (const std::string text : {"PRAGMA journal_mode", "PRAGMA user_version", "PRAGMA USER_VERSION=3",
                                   "PRAGMA table_info(t)", "PRAGMA integrity_check(1)", "PRAGMA database_list"}) {
      CAPTURE(text);
      CHECK(g.judged(text) == SQLITE_OK);
    }
    CHECK_FALSE(g.guard.changes().any());
  }

  TEST_CASE("a pragma whose name only begins like an allowed one is denied") {
    Guarded g;
    CHECK(g.judged("PRAGMA cache_siz=1") == SQLITE_AUTH);
    CHECK(g.judged("PRAGMA cache_sizes=1") == SQLITE_AUTH);
    CHECK(g.judged("PRAGMA default_cache_size=1") == SQLITE_AUTH);
  }

  TEST_CASE("settings that can be put back are noted as such") {
    for (const std::string text : {"PRAGMA cache_size=5", "PRAGMA synchronous=0", "PRAGMA foreign_keys=0",
                                   "PRAGMA temp_store=2", "PRAGMA busy_timeout=5"}) {
      CAPTURE(text);
      Guarded g;
      CHECK(g.judged(text) == SQLITE_OK);
      CHECK(g.guard.changes().profileSettings);
      CHECK_FALSE(g.guard.changes().otherState);
      g.guard.resetChanges();
      CHECK_FALSE(g.guard.changes().any());
    }
  }

  TEST_CASE("lasting settings are noted as soon as they are prepared, which is when they act") {
    for (const std::string text :
         {"PRAGMA recursive_triggers=1", "PRAGMA cache_spill=0", "PRAGMA secure_delete=0", "PRAGMA analysis_limit=5"}) {
      CAPTURE(text);
      Guarded g;
      CHECK(g.judged(text) == SQLITE_OK);
      CHECK(g.guard.changes().otherState);
      CHECK(g.guard.mustNotBeKept());
    }
  }

  TEST_CASE("temporary objects are noted when they are made") {
    for (const std::string text :
         {"CREATE TEMP TABLE u(x)", "CREATE TEMP VIEW v AS SELECT 1", "CREATE TABLE temp.u(x)",
          "CREATE VIEW temp.v AS SELECT 1", "CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
          "CREATE TRIGGER temp.g AFTER INSERT ON t BEGIN SELECT 1; END",
          "CREATE TRIGGER temp.g AFTER INSERT ON main.t BEGIN SELECT 1; END"}) {
      CAPTURE(text);
      Guarded g;
      CHECK(g.judged(text) == SQLITE_OK);
      CHECK_FALSE(g.guard.changes().any());
      CHECK(g.guard.mustNotBeKept());
      g.guard.noteRun();
      CHECK(g.guard.changes().otherState);
      CHECK(g.judged("SELECT 1") == SQLITE_OK);
      CHECK_FALSE(g.guard.mustNotBeKept());
    }
  }

  TEST_CASE("an index or a table beside the temporary ones is no change") {
    Guarded g;
    for (const std::string text :
         {"CREATE TABLE main.temp(x)", "CREATE TABLE u(temp)", "CREATE INDEX main.temp ON t(x)"}) {
      CHECK(g.judged(text) == SQLITE_OK);
      g.guard.noteRun();
    }
    CHECK_FALSE(g.guard.changes().any());
  }

  TEST_CASE("reading a setting is no change") {
    Guarded g;
    for (const std::string text : {"PRAGMA cache_size", "PRAGMA synchronous", "PRAGMA recursive_triggers"}) {
      CHECK(g.judged(text) == SQLITE_OK);
    }
    CHECK_FALSE(g.guard.changes().any());
  }

  TEST_CASE("what is not the application's is not judged") {
    Guarded g;
    CHECK(g.prepare("BEGIN") == SQLITE_OK);
    CHECK(g.prepare("PRAGMA journal_mode=memory") == SQLITE_OK);
    CHECK(g.prepare("CREATE TEMP TABLE u(x)") == SQLITE_OK);
    CHECK_FALSE(g.guard.changes().any());
    CHECK(g.judged("BEGIN") == SQLITE_AUTH);
    CHECK(g.prepare("BEGIN") == SQLITE_OK);  // Judging has ended with its scope.
  }
}
