#pragma once

#include <string_view>

#include <sqlite3.h>

#include <holdfast/error.hpp>

namespace holdfast {

/// The code for an extended SQLite result code.
ErrorCode errorCodeOf(int sqliteCode) noexcept;

/// Whether a handle that reported this code is no longer trusted and must be replaced: I/O errors, a file that was
/// moved, damaged or is no database.
bool breaksHandle(int sqliteCode) noexcept;

/// Whether SQLite had no memory for it: what was being carried out is undone, and may be tried again once there is.
inline bool isOutOfMemory(const Error& error) noexcept {
  return error.code() == ErrorCode::MemoryLimit && error.sqliteCode() != 0;
}

/// An Error for what `handle` reported last; `handle` may be null after a failed open. SQLite's message never holds a
/// bound value.
Error makeSqliteError(sqlite3* handle, int sqliteCode);

/// The same with a reason of our own in front of SQLite's.
Error makeSqliteError(sqlite3* handle, int sqliteCode, std::string_view reason);

}  // namespace holdfast
