#pragma once

#include <string_view>

// Characters as SQLite sees them, whatever the locale.

namespace holdfast {

inline constexpr std::string_view kHexDigits = "0123456789abcdef";

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool isDigit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Whether `c` can stand in a name or a parameter; bytes of non-ASCII characters can.
constexpr bool isWord(char c) noexcept {
  return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace holdfast
