#include "query/identifier.hpp"

#include <holdfast/error.hpp>

namespace holdfast {

void appendIdentifier(std::string& text, std::string_view name) {
  if (name.empty() || name.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::InvalidArgument, "a name is empty or holds a NUL character");
  }
  text += '"';
  for (const char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  text += '"';
}

std::string quotedIdentifier(std::string_view name) {
  std::string text;
  appendIdentifier(text, name);
  return text;
}

}  // namespace holdfast
