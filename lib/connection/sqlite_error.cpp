#include "connection/sqlite_error.hpp"

#include <new>
#include <string>

#include "connection/page_checks.hpp"

namespace holdfast {

ErrorCode errorCodeOf(int sqliteCode) noexcept {
  switch (sqliteCode & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return ErrorCode::Busy;
    case SQLITE_CONSTRAINT: return ErrorCode::Constraint;
    case SQLITE_FULL: return ErrorCode::StorageFull;
    case SQLITE_NOMEM: return ErrorCode::MemoryLimit;
    // The handle could be written; its file has gone.
    case SQLITE_READONLY: return sqliteCode == SQLITE_READONLY_DBMOVED ? ErrorCode::CannotOpen : ErrorCode::ReadOnly;
    case SQLITE_CANTOPEN: return ErrorCode::CannotOpen;
    case SQLITE_PERM: return ErrorCode::CannotOpen;
    case SQLITE_IOERR:
      if (sqliteCode == SQLITE_IOERR_DATA) return ErrorCode::Corrupt;  // A page that does not match its checksum.
      return sqliteCode == SQLITE_IOERR_NOMEM ? ErrorCode::MemoryLimit : ErrorCode::IoError;
    case SQLITE_NOTADB: return ErrorCode::NotADatabase;
    case SQLITE_CORRUPT: return ErrorCode::Corrupt;
    case SQLITE_ABORT: return ErrorCode::TransactionAborted;
    case SQLITE_INTERRUPT: return ErrorCode::Interrupted;
    case SQLITE_AUTH: return ErrorCode::Denied;
    case SQLITE_RANGE:
    case SQLITE_TOOBIG: return ErrorCode::InvalidArgument;
    case SQLITE_MISMATCH: return ErrorCode::TypeMismatch;
    case SQLITE_ERROR:
    case SQLITE_SCHEMA: return ErrorCode::InvalidSql;
    case SQLITE_MISUSE: return ErrorCode::Misuse;
    case SQLITE_NOLFS: return ErrorCode::Unsupported;
    default: return ErrorCode::Internal;
  }
}

bool breaksHandle(int sqliteCode) noexcept {
  switch (sqliteCode & 0xff) {
    case SQLITE_IOERR: return sqliteCode != SQLITE_IOERR_NOMEM;
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return true;
    case SQLITE_READONLY: return sqliteCode == SQLITE_READONLY_DBMOVED;
    default: return false;
  }
}

namespace {

Error describedError(sqlite3* handle, int sqliteCode, std::string_view reason, int systemErrno) {
  std::string fault;
  if (sqliteCode == SQLITE_IOERR_DATA && handle != nullptr) fault = checksumFault(handle);
  if (!fault.empty() && reason.empty()) return Error(ErrorCode::Corrupt, fault, sqliteCode, systemErrno);
  // sqlite3_errmsg() speaks of the last call on the handle; when that was another one the code's own text is right.
  const bool current = handle != nullptr && (sqlite3_errcode(handle) & 0xff) == (sqliteCode & 0xff);
  const std::string message = current ? sqlite3_errmsg(handle) : sqlite3_errstr(sqliteCode);
  return Error(errorCodeOf(sqliteCode), reason.empty() ? message : std::string(reason) + " (" + message + ")",
               sqliteCode, systemErrno);
}

}  // namespace

Error makeSqliteError(sqlite3* handle, int sqliteCode, std::string_view reason) {
  const bool storage = categoryOf(errorCodeOf(sqliteCode)) == ErrorCategory::Storage;
  const int systemErrno = storage && handle != nullptr ? sqlite3_system_errno(handle) : 0;
  try {
    return describedError(handle, sqliteCode, reason, systemErrno);
  } catch (const std::bad_alloc&) {
    return Error(errorCodeOf(sqliteCode), {}, sqliteCode, systemErrno);  // The code alone says what to do.
  }
}

Error makeSqliteError(sqlite3* handle, int sqliteCode) { return makeSqliteError(handle, sqliteCode, {}); }

}  // namespace holdfast
