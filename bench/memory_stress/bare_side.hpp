#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>

#include "memory_stress/operations.hpp"
#include "support/bare_sqlite.hpp"

namespace bench {

/// The operations by hand: a handle, and its statements kept for good.
class BareSide {
 public:
  /// `cacheBytes` 0: SQLite's default.
  explicit BareSide(const std::string& database, std::int64_t cacheBytes = 0)
      : kept_(std::make_shared<Kept>(database, cacheBytes)) {}

  Seen read(Kind kind, std::int64_t id) {
    sqlite3_stmt* statement = statementOf(kind);
    sqlite3_bind_int64(statement, 1, id);
    Seen seen;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      ++seen.rows;
      seen.sum += sqlite3_column_int64(statement, 0);
      // The content is fetched, as the other side does.
      if (sqlite3_column_blob(statement, 1) != nullptr) {
        seen.bytes += static_cast<std::size_t>(sqlite3_column_bytes(statement, 1));
      }
    }
    if (code != SQLITE_DONE) throwBareError(statement);
    sqlite3_reset(statement);
    return seen;
  }
  std::int64_t write(Kind kind, std::span<const std::byte> payload, std::int64_t id) {
    sqlite3_stmt* statement = statementOf(kind);
    sqlite3_bind_blob64(statement, 1, payload.data(), payload.size(), SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, id);
    if (sqlite3_step(statement) != SQLITE_DONE) throwBareError(statement);
    sqlite3_reset(statement);
    return sqlite3_changes64(kept_->handle.get());
  }

 private:
  struct Kept {
    Kept(const std::string& database, std::int64_t cacheBytes) : handle(database, {.cacheBytes = cacheBytes}) {}
    BareHandle handle;
    std::array<std::unique_ptr<BareStatement>, kStatementKinds> statements;
  };

  sqlite3_stmt* statementOf(Kind kind) {
    std::unique_ptr<BareStatement>& statement = kept_->statements[indexOf(kind)];
    if (statement == nullptr) statement = std::make_unique<BareStatement>(kept_->handle, sqlOf(kind).data());
    return statement->get();
  }

  std::shared_ptr<Kept> kept_;
};

}  // namespace bench
