#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <sqlite3.h>

#include <holdfast/value.hpp>

namespace holdfast {

/// Text or a blob.
int bindBytes(sqlite3_stmt* statement, int index, const ValueView& value);
[[noreturn]] void throwWrongNumber(std::size_t wanted, std::size_t given);
[[noreturn]] void throwCannotBind(sqlite3* handle, int index, int code);

/// Binds all `parameters` of a statement. Text and blobs are not copied: they must live until the statement is reset.
/// Returns their size in bytes. Throws Error{InvalidArgument} where their number differs, and where one is larger than
/// SQLite takes.
inline std::uint64_t bindValues(sqlite3* handle, sqlite3_stmt* statement, int parameters,
                                std::span<const ValueView> values) {
  if (static_cast<std::size_t>(parameters) != values.size()) {
    throwWrongNumber(static_cast<std::size_t>(parameters), values.size());
  }
  std::uint64_t bytes = 0;
  int index = 0;
  for (const ValueView& value : values) {
    int code = SQLITE_OK;
    ++index;
    switch (value.type()) {
      case ValueType::Null: code = sqlite3_bind_null(statement, index); break;
      case ValueType::Integer:
        code = sqlite3_bind_int64(statement, index, value.integer());
        bytes += sizeof(std::int64_t);
        break;
      case ValueType::Real:
        code = sqlite3_bind_double(statement, index, value.real());
        bytes += sizeof(double);
        break;
      case ValueType::Text:
        code = bindBytes(statement, index, value);
        bytes += value.text().size();
        break;
      case ValueType::Blob:
        code = bindBytes(statement, index, value);
        bytes += value.blob().size();
        break;
    }
    if (code != SQLITE_OK) throwCannotBind(handle, index, code);
  }
  return bytes;
}

}  // namespace holdfast
