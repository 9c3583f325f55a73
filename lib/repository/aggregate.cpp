#include <holdfast/aggregate.hpp>

#include "query/identifier.hpp"

namespace holdfast::detail {

void appendAggregate(std::string& text, std::string_view function, std::string_view column, bool first) {
  if (!first) text += ", ";
  text += function;
  if (column.empty())
    text += '*';
  else
    appendIdentifier(text, column);
  text += ')';
}

void appendGroup(std::string& text, std::string_view word, std::string_view column) {
  text += word;
  appendIdentifier(text, column);
}

}  // namespace holdfast::detail
