#pragma once

#include <string>
#include <string_view>

// JSON text without a tree of values, for what does not depend on a JSON library.

namespace holdfast {

/// Whether the text is UTF-8, without overlong forms and halves of surrogate pairs.
bool isUtf8(std::string_view text) noexcept;

/// Appends the text in quotes, with what JSON wants escaped. Bytes that are no UTF-8 are taken over: look first.
void appendQuoted(std::string& json, std::string_view text);

}  // namespace holdfast
