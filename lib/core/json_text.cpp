#include "core/json_text.hpp"

#include <cstddef>
#include <cstdint>

#include "core/characters.hpp"

namespace holdfast {

bool isUtf8(std::string_view text) noexcept {
  // The Unicode Standard, table 3-7: well-formed sequences.
  std::size_t i = 0;
  const auto at = [&](std::size_t k) { return static_cast<std::uint8_t>(text[k]); };
  while (i < text.size()) {
    const std::uint8_t first = at(i);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t more = first >= 0xC2 && first <= 0xDF   ? 1
                             : (first & 0xF0) == 0xE0         ? 2
                             : first >= 0xF0 && first <= 0xF4 ? 3
                                                              : 0;
    if (more == 0 || text.size() - i <= more) return false;
    const std::uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const std::uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at(i + 1) < low || at(i + 1) > high) return false;
    for (std::size_t k = 2; k <= more; ++k) {
      if ((at(i + k) & 0xC0) != 0x80) return false;
    }
    i += more + 1;
  }
  return true;
}

void appendQuoted(std::string& json, std::string_view text) {
  static constexpr std::string_view kLetters = "btn fr";  // From 8 on; 11 has none.
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte >= 8 && byte <= 13 && byte != 11) {
      json += '\\';
      json += kLetters[byte - 8U];
    } else if (byte < 0x20) {
      json.append("\\u00") += kHexDigits[byte >> 4];
      json += kHexDigits[byte & 15];
    } else {
      json += c;
    }
  }
  json += '"';
}

}  // namespace holdfast
