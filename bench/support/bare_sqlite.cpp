#include "support/bare_sqlite.hpp"

#include "support/text.hpp"

namespace bench {

void throwBareError(sqlite3* handle) {
  const int code = sqlite3_extended_errcode(handle);
  throw BareError(code, sqlite3_errmsg(handle));
}

void throwBareError(sqlite3_stmt* statement) {
  sqlite3* handle = sqlite3_db_handle(statement);
  const int code = sqlite3_extended_errcode(handle);
  const std::string message = sqlite3_errmsg(handle);
  sqlite3_reset(statement);
  throw BareError(code, message);
}

std::vector<std::string> pragmasOf(const BareSettings& settings) {
  std::vector<std::string> pragmas{
      "PRAGMA journal_mode = WAL", settings.syncCommits ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
      "PRAGMA foreign_keys = ON",  "PRAGMA trusted_schema = OFF",
      "PRAGMA temp_store = FILE",  "PRAGMA mmap_size = 0"};
  if (settings.cacheBytes > 0) {
    pragmas.push_back(format("PRAGMA cache_size = -%lld", static_cast<long long>(settings.cacheBytes / 1024)));
  }
  pragmas.push_back(format("PRAGMA wal_autocheckpoint = %d", settings.checkpointPages));
  return pragmas;
}

BareHandle::BareHandle(const std::string& path, const BareSettings& settings) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  try {
    if (sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr) != SQLITE_OK) throwBareError(handle_);
    sqlite3_busy_timeout(handle_, settings.busyTimeoutMs);
    for (const std::string& pragma : pragmasOf(settings)) execute(pragma.c_str());
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

BareHandle::~BareHandle() { sqlite3_close(handle_); }

void BareHandle::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throwBareError(handle_);
}

BareStatement::BareStatement(const BareHandle& handle, const char* sql) {
  if (sqlite3_prepare_v3(handle.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr) != SQLITE_OK) {
    throwBareError(handle.get());
  }
}

BareStatement::~BareStatement() { sqlite3_finalize(statement_); }

}  // namespace bench
