#include "connection/statement_binding.hpp"

#include <string>

#include "connection/sqlite_error.hpp"

namespace holdfast {

int bindBytes(sqlite3_stmt* statement, int index, const ValueView& value) {
  // A null pointer would bind NULL; what is empty is a value.
  if (value.type() == ValueType::Text) {
    const char* text = value.text().data() != nullptr ? value.text().data() : "";
    return sqlite3_bind_text64(statement, index, text, value.text().size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  const void* bytes = value.blob().data() != nullptr ? static_cast<const void*>(value.blob().data()) : "";
  return sqlite3_bind_blob64(statement, index, bytes, value.blob().size(), SQLITE_STATIC);
}

void throwWrongNumber(std::size_t wanted, std::size_t given) {
  throw Error(ErrorCode::InvalidArgument, "the statement has " + std::to_string(wanted) + " parameters and " +
                                              std::to_string(given) + " values were given");
}

void throwCannotBind(sqlite3* handle, int index, int code) {
  throw makeSqliteError(handle, code, "parameter " + std::to_string(index) + " cannot be bound");
}

}  // namespace holdfast
