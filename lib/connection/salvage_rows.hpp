#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sqlite3.h>

#include <holdfast/error.hpp>
#include <holdfast/recovery.hpp>

#include "connection/plain_database.hpp"

namespace holdfast {

/// Whether SQLite says that what it read cannot be right, and not that it could not read.
inline bool isDamage(int code) noexcept {
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB || code == SQLITE_IOERR_DATA;
}

/// Empty for NULL.
std::string columnText(sqlite3_stmt* statement, int column);

/// A table of a damaged database that cannot even be begun to be read.
struct SourceDamaged {
  ErrorCode code;
  std::string reason;
};

/// A statement that goes with its scope.
class SalvageStatement {
 public:
  /// Throws SourceDamaged where preparing it met damage, else Error.
  SalvageStatement(PlainDatabase& database, const std::string& sql);
  SalvageStatement(const SalvageStatement&) = delete;
  SalvageStatement& operator=(const SalvageStatement&) = delete;
  ~SalvageStatement() { sqlite3_finalize(statement_); }
  sqlite3_stmt* get() const noexcept { return statement_; }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

/// The rows of one table that can be read, into a table of the same name.
class TableRows {
 public:
  /// Throws SourceDamaged, Error.
  TableRows(PlainDatabase& source, PlainDatabase& target, const std::string& table);

  void copy();
  const SalvageReport& report() const noexcept { return report_; }

 private:
  /// How a stretch of reading ended.
  enum class End : std::uint8_t { Done, Damage, OutOfOrder };

  void findColumns();
  std::string selectText(const char* rest) const;
  std::string insertText() const;
  void copyByRowid();
  void copyByKey();
  /// Copies rows from that rowid on, upwards or downwards; `last` is the last one that was copied.
  End copyFrom(sqlite3_stmt* select, std::int64_t first, bool upwards, std::optional<std::int64_t>& last);
  /// The first row above `bad` that can be come to; nothing where there is none.
  std::optional<std::int64_t> nextReadable(std::int64_t bad);
  bool readable(std::int64_t from, std::optional<std::int64_t>& found);
  void insert(sqlite3_stmt* row);
  void noteGap(std::int64_t from, std::int64_t to);
  [[noreturn]] void failReading(int code) const;

  PlainDatabase& source_;
  PlainDatabase& target_;
  std::string table_;                 ///< Quoted.
  std::string rowid_;                 ///< What the rowid is called; empty where there is none.
  bool insertsRowid_ = false;         ///< It is no column of the table.
  std::vector<std::string> columns_;  ///< Quoted; without generated ones.
  std::optional<SalvageStatement> insert_;
  std::optional<SalvageStatement> probe_;
  std::int64_t stray_ = 0;  ///< The rowid that came out of order last.
  SalvageReport report_;
};

}  // namespace holdfast
