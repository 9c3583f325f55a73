#pragma once

#include <cstddef>
#include <span>

#include <sqlite3.h>

#include <holdfast/value.hpp>

namespace holdfast {

int bindOne(sqlite3_stmt* statement, int index, const ValueView& value);
[[noreturn]] void throwWrongNumber(std::size_t wanted, std::size_t given);
[[noreturn]] void throwCannotBind(sqlite3* handle, int index, int code);

/// Binds all `parameters` of a statement. Text and blobs are not copied: they must live until the statement is reset.
/// Throws Error{InvalidArgument} where their number differs, and where one is larger than SQLite takes.
inline void bindValues(sqlite3* handle, sqlite3_stmt* statement, int parameters, std::span<const ValueView> values) {
  if (static_cast<std::size_t>(parameters) != values.size()) {
    throwWrongNumber(static_cast<std::size_t>(parameters), values.size());
  }
  int index = 0;
  for (const ValueView& value : values) {
    ++index;
    const int code = value.type() == ValueType::Integer ? sqlite3_bind_int64(statement, index, value.integer())
                                                        : bindOne(statement, index, value);
    if (code != SQLITE_OK) throwCannotBind(handle, index, code);
  }
}

}  // namespace holdfast
