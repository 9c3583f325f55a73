#pragma once

#include <string>
#include <string_view>

namespace holdfast {

/// Appends a name as SQL text: quoted, with quotes in it doubled. Throws Error{InvalidArgument} where it is empty or
/// holds a NUL character.
void appendIdentifier(std::string& text, std::string_view name);
std::string quotedIdentifier(std::string_view name);

}  // namespace holdfast
