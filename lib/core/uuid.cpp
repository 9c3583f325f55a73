#include <holdfast/uuid.hpp>

#include <cstdint>
#include <span>

#include <holdfast/clock.hpp>
#include <holdfast/error.hpp>

#include "core/characters.hpp"
#include "core/port/process.hpp"

namespace holdfast {
namespace {

// Before these bytes the text has a dash.
constexpr bool hasDashBefore(std::size_t byte) noexcept { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

int digitOf(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Uuid Uuid::make() {
  Uuid uuid;
  if (!port::randomBytes(std::span(uuid.bytes).subspan(6))) {
    throw Error(ErrorCode::IoError, "the system has no random numbers for a UUID");
  }
  const auto now = wallTime().time_since_epoch();
  const auto time = static_cast<std::uint64_t>(now.count());
  for (std::size_t i = 0; i < 6; ++i) uuid.bytes[i] = static_cast<std::byte>(time >> (40 - 8 * i));
  uuid.bytes[6] = (uuid.bytes[6] & std::byte{0x0f}) | std::byte{0x70};  // Version 7.
  uuid.bytes[8] = (uuid.bytes[8] & std::byte{0x3f}) | std::byte{0x80};  // The RFC's variant.
  return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) noexcept {
  constexpr std::size_t kTextSize = 36;
  if (text.size() != kTextSize) return std::nullopt;
  Uuid uuid;
  std::size_t at = 0;
  for (std::size_t i = 0; i < kSize; ++i) {
    if (hasDashBefore(i) && text[at++] != '-') return std::nullopt;
    const int high = digitOf(text[at]);
    const int low = digitOf(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    uuid.bytes[i] = static_cast<std::byte>(16 * high + low);
    at += 2;
  }
  return uuid;
}

std::string Uuid::text() const {
  std::string result;
  for (std::size_t i = 0; i < kSize; ++i) {
    if (hasDashBefore(i)) result += '-';
    const auto byte = std::to_integer<unsigned>(bytes[i]);
    result += kHexDigits[byte >> 4];
    result += kHexDigits[byte & 15];
  }
  return result;
}

}  // namespace holdfast
