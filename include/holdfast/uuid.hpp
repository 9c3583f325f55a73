#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast {

/// A universally unique identifier (RFC 9562).
struct Uuid {
  static constexpr std::size_t kSize = 16;

  /// Version 7: the wall clock's milliseconds, then 74 random bits. Ones made later sort after, so that an index grows
  /// at its end. Throws Error{IoError} where the system has no random numbers.
  static Uuid make();
  /// "0190163d-8694-739b-aea5-966c26f8ad91", in either case; nothing for any other text.
  static std::optional<Uuid> parse(std::string_view text) noexcept;
  /// In lower case.
  std::string text() const;

  auto operator<=>(const Uuid&) const = default;

  std::array<std::byte, kSize> bytes{};
};

}  // namespace holdfast
