#include <holdfast/detail/cache_key.hpp>

#include <array>
#include <charconv>

namespace holdfast::detail {

CacheKey::CacheKey(std::string_view table, std::string_view operation, std::string_view text,
                   std::span<const ValueView> values) {
  add(table);
  add(":");
  add(operation);
  add(":");
  add(text);
  for (const ValueView& value : values) put(value);
}

void CacheKey::addToLong(std::string_view text) {
  if (long_.empty()) long_.assign(short_.data(), size_);
  long_ += text;
}

void CacheKey::put(const ValueView& value) {
  const auto putNumber = [this](auto figure, char mark) {
    std::array<char, 40> number;
    number[0] = mark;
    const char* end = std::to_chars(number.data() + 1, number.data() + number.size(), figure).ptr;
    add(std::string_view(number.data(), static_cast<std::size_t>(end - number.data())));
  };
  if (value.type() == ValueType::Integer) {
    constexpr std::size_t kMostDigits = 21;  // With the sign, and the mark.
    if (!long_.empty() || short_.size() - size_ < kMostDigits) return putNumber(value.integer(), ':');
    short_[size_] = ':';
    char* const begin = short_.data() + size_ + 1;
    size_ =
        static_cast<std::size_t>(std::to_chars(begin, begin + kMostDigits - 1, value.integer()).ptr - short_.data());
    return;
  }
  add(":");
  switch (value.type()) {
    case ValueType::Null: return add("null");
    case ValueType::Integer: return;  // Above.
    case ValueType::Real: return putNumber(value.real(), 'r');
    case ValueType::Text:
      // With its length, so that no text can look like two values.
      add("'");
      add(value.text());
      return putNumber(value.text().size(), '\'');
    case ValueType::Blob:
      add("x");
      for (const std::byte byte : value.blob()) {
        static constexpr std::string_view kDigits = "0123456789abcdef";
        add(kDigits.substr(std::to_integer<std::size_t>(byte >> 4), 1));
        add(kDigits.substr(std::to_integer<std::size_t>(byte & std::byte{15}), 1));
      }
      return;
  }
}

}  // namespace holdfast::detail
