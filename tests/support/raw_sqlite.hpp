#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace holdfast::test {

/// The first column of the first row as text: empty for NULL and for no row. Throws std::runtime_error.
inline std::string rawText(sqlite3* handle, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr);
  std::string result;
  if (code == SQLITE_OK) {
    bool first = true;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
      if (first && text != nullptr) result.assign(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
      first = false;
    }
  }
  const std::string message = sqlite3_errmsg(handle);
  sqlite3_finalize(statement);
  if (code != SQLITE_DONE && code != SQLITE_OK) throw std::runtime_error(sql + ": " + message);
  return result;
}

inline std::int64_t rawInteger(sqlite3* handle, const std::string& sql) { return std::stoll(rawText(handle, sql)); }

/// Plain SQLite, to look at what the library did without asking the library, and to play another process.
class RawSqlite {
 public:
  explicit RawSqlite(const std::string& path) {
    const int code = sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    if (code == SQLITE_OK) return;
    sqlite3_close(handle_);
    throw std::runtime_error(path + ": " + sqlite3_errstr(code));
  }
  RawSqlite(const RawSqlite&) = delete;
  RawSqlite& operator=(const RawSqlite&) = delete;
  ~RawSqlite() { sqlite3_close_v2(handle_); }

  sqlite3* handle() const noexcept { return handle_; }
  /// SQLite's result code.
  int tryRun(const std::string& sql) noexcept { return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr); }
  void run(const std::string& sql) {
    if (tryRun(sql) != SQLITE_OK) throw std::runtime_error(sql + ": " + sqlite3_errmsg(handle_));
  }
  std::string text(const std::string& sql) { return rawText(handle_, sql); }
  std::int64_t integer(const std::string& sql) { return rawInteger(handle_, sql); }
  /// Without waiting for anybody. SQLite's result code: SQLITE_BUSY where a snapshot needs the log.
  int cutLog() {
    integer("SELECT count(*) FROM sqlite_schema");  // A handle that has read nothing does not know of the log.
    int pages = 0;
    int copied = 0;
    return sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_TRUNCATE, &pages, &copied);
  }

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace holdfast::test
