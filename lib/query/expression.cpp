#include <holdfast/expression.hpp>

#include <holdfast/error.hpp>

#include "query/identifier.hpp"

namespace holdfast {

Expression Expression::column(std::string_view name) {
  Expression column({}, {}, false);
  appendIdentifier(column.text_, name);
  column.columnName_ = name;
  return column;
}

Expression Expression::column(std::string_view table, std::string_view name) {
  Expression column({}, {}, false);
  appendIdentifier(column.text_, table);
  column.text_ += '.';
  if (name == "*") {
    column.text_ += '*';
  } else {
    appendIdentifier(column.text_, name);
    column.columnName_ = name;
  }
  return column;
}

Expression Expression::raw(std::string_view text, std::vector<Value> values) {
  if (text.empty()) throw Error(ErrorCode::InvalidArgument, "an expression has no text");
  return {std::string(text), std::move(values), true};
}

Expression Expression::as(std::string_view name) && {
  if (name.empty()) throw Error(ErrorCode::InvalidArgument, "the name given with as() is empty");
  alias_ = name;
  return std::move(*this);
}

Expression Expression::as(std::string_view name) const& { return Expression(*this).as(name); }

}  // namespace holdfast
