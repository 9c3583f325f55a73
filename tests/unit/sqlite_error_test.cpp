#include "connection/sqlite_error.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/raw_sqlite.hpp"

using holdfast::breaksHandle;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::errorCodeOf;
using holdfast::makeSqliteError;
using holdfast::test::RawSqlite;

TEST_SUITE("connection/sqlite_error") {
  TEST_CASE("each primary code of SQLite has a code of ours") {
    struct {
      int sqlite;
      ErrorCode code;
    } const rows[] = {{SQLITE_ERROR, ErrorCode::InvalidSql},
                      {SQLITE_INTERNAL, ErrorCode::Internal},
                      {SQLITE_PERM, ErrorCode::CannotOpen},
                      {SQLITE_BUSY, ErrorCode::Busy},
                      {SQLITE_LOCKED, ErrorCode::Busy},
                      {SQLITE_NOMEM, ErrorCode::MemoryLimit},
                      {SQLITE_ABORT, ErrorCode::TransactionAborted},
                      {SQLITE_READONLY, ErrorCode::ReadOnly},
                      {SQLITE_INTERRUPT, ErrorCode::Interrupted},
                      {SQLITE_IOERR, ErrorCode::IoError},
                      {SQLITE_CORRUPT, ErrorCode::Corrupt},
                      {SQLITE_FULL, ErrorCode::StorageFull},
                      {SQLITE_CANTOPEN, ErrorCode::CannotOpen},
                      {SQLITE_PROTOCOL, ErrorCode::Busy},
                      {SQLITE_SCHEMA, ErrorCode::InvalidSql},
                      {SQLITE_TOOBIG, ErrorCode::InvalidArgument},
                      {SQLITE_CONSTRAINT, ErrorCode::Constraint},
                      {SQLITE_MISMATCH, ErrorCode::TypeMismatch},
                      {SQLITE_MISUSE, ErrorCode::Misuse},
                      {SQLITE_NOLFS, ErrorCode::Unsupported},
                      {SQLITE_AUTH, ErrorCode::Denied},
                      {SQLITE_RANGE, ErrorCode::InvalidArgument},
                      {SQLITE_NOTADB, ErrorCode::NotADatabase},
                      {SQLITE_EMPTY, ErrorCode::Internal}};
    for (const auto& row : rows) {
      CAPTURE(row.sqlite);
      CHECK(errorCodeOf(row.sqlite) == row.code);
    }
    CHECK(errorCodeOf(SQLITE_IOERR_DATA) == ErrorCode::Corrupt);
    CHECK(breaksHandle(SQLITE_IOERR_DATA));
  }

  TEST_CASE("an extended code counts as its primary one, but want of memory in the file layer is want of memory") {
    CHECK(errorCodeOf(SQLITE_BUSY_SNAPSHOT) == ErrorCode::Busy);
    CHECK(errorCodeOf(SQLITE_BUSY_RECOVERY) == ErrorCode::Busy);
    CHECK(errorCodeOf(SQLITE_CONSTRAINT_UNIQUE) == ErrorCode::Constraint);
    CHECK(errorCodeOf(SQLITE_READONLY_DBMOVED) == ErrorCode::CannotOpen);
    CHECK(errorCodeOf(SQLITE_CANTOPEN_ISDIR) == ErrorCode::CannotOpen);
    CHECK(errorCodeOf(SQLITE_CORRUPT_INDEX) == ErrorCode::Corrupt);
    CHECK(errorCodeOf(SQLITE_IOERR_FSYNC) == ErrorCode::IoError);
    CHECK(errorCodeOf(SQLITE_IOERR_NOMEM) == ErrorCode::MemoryLimit);
  }

  TEST_CASE("a handle is broken by what makes its file doubtful and by nothing else") {
    for (const int code : {SQLITE_IOERR_READ, SQLITE_IOERR_FSYNC, SQLITE_IOERR_SHORT_READ, SQLITE_CORRUPT,
                           SQLITE_CORRUPT_VTAB, SQLITE_NOTADB, SQLITE_CANTOPEN, SQLITE_READONLY_DBMOVED}) {
      CAPTURE(code);
      CHECK(breaksHandle(code));
    }
    for (const int code : {SQLITE_OK, SQLITE_ERROR, SQLITE_BUSY, SQLITE_FULL, SQLITE_NOMEM, SQLITE_IOERR_NOMEM,
                           SQLITE_CONSTRAINT, SQLITE_INTERRUPT, SQLITE_READONLY, SQLITE_AUTH, SQLITE_DONE}) {
      CAPTURE(code);
      CHECK_FALSE(breaksHandle(code));
    }
  }

  TEST_CASE("an error speaks SQLite's words where they are about it") {
    RawSqlite raw(":memory:");
    const int code = raw.tryRun("SELECT x FROM nowhere");
    const Error error = makeSqliteError(raw.handle(), code);
    CHECK(error.code() == ErrorCode::InvalidSql);
    CHECK(error.sqliteCode() == SQLITE_ERROR);
    CHECK(error.reason() == "no such table: nowhere");
    CHECK(error.systemErrno() == 0);
  }

  TEST_CASE("an error has the code's own words where the handle has gone on to something else") {
    RawSqlite raw(":memory:");
    raw.run("SELECT 1");
    CHECK(makeSqliteError(raw.handle(), SQLITE_FULL).reason() == "database or disk is full");
    CHECK(makeSqliteError(nullptr, SQLITE_CANTOPEN).reason() == "unable to open database file");
  }

  TEST_CASE("a reason of our own comes first") {
    CHECK(makeSqliteError(nullptr, SQLITE_TOOBIG, "parameter 3 cannot be bound").reason() ==
          "parameter 3 cannot be bound (string or blob too big)");
  }

  TEST_CASE("the system's error number is told for storage errors only") {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2("/no/such/directory/x.db", &handle, SQLITE_OPEN_READWRITE, nullptr);
    REQUIRE(code == SQLITE_CANTOPEN);
    CHECK(makeSqliteError(handle, code).systemErrno() == sqlite3_system_errno(handle));
    CHECK(makeSqliteError(handle, SQLITE_BUSY).systemErrno() == 0);
    sqlite3_close(handle);
  }
}
