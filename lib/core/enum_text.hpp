#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace holdfast {

/// The text of an enumerator, by its number.
template <typename Enum, std::size_t N>
std::string_view textOf(Enum value, const std::array<std::string_view, N>& texts) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? texts[index] : "unknown";
}

}  // namespace holdfast
