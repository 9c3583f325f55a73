#include <holdfast/detail/cache_key.hpp>

#include <algorithm>
#include <charconv>

namespace holdfast::detail {

CacheKey::CacheKey(std::string_view table, std::span<const ValueView> key) {
  add(table);
  for (const ValueView& value : key) put(value);
}

CacheKey::CacheKey(std::string_view table, std::string_view operation, std::string_view text,
                   std::span<const ValueView> values) {
  add(table);
  add(":");
  add(operation);
  add(":");
  add(text);
  for (const ValueView& value : values) put(value);
}

void CacheKey::add(std::string_view text) {
  if (long_.empty() && size_ + text.size() <= short_.size()) {
    std::copy(text.begin(), text.end(), short_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += text.size();
    return;
  }
  if (long_.empty()) long_.assign(short_.data(), size_);
  long_ += text;
}

void CacheKey::put(const ValueView& value) {
  std::array<char, 40> number;
  const auto putNumber = [&](auto figure) {
    const char* end = std::to_chars(number.data(), number.data() + number.size(), figure).ptr;
    add(std::string_view(number.data(), static_cast<std::size_t>(end - number.data())));
  };
  add(":");
  switch (value.type()) {
    case ValueType::Null: return add("null");
    case ValueType::Integer: return putNumber(value.integer());
    case ValueType::Real: add("r"); return putNumber(value.real());
    case ValueType::Text:
      // With its length, so that no text can look like two values.
      add("'");
      add(value.text());
      add("'");
      return putNumber(value.text().size());
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
