#include <holdfast/sql.hpp>

#include <holdfast/error.hpp>

namespace holdfast {

Sql Sql::unchecked(std::string_view text) {
  // SQLite would stop reading there, and the rest of the statement would be silently dropped.
  if (text.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::InvalidSql, "the text contains a NUL character");
  }
  return Sql(text.data(), text.size(), hashOf(text.data(), text.size()), true);
}

}  // namespace holdfast
