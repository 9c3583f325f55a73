#include <holdfast/detail/cache_key.hpp>

#include "core/characters.hpp"

namespace holdfast::detail {
namespace {

// Takes a number off the front.
template <typename T>
T takeNumber(std::string_view& bytes) noexcept {
  T number{};
  std::memcpy(&number, bytes.data(), sizeof number);
  bytes.remove_prefix(sizeof number);
  return number;
}

std::string hexText(std::string_view bytes) {
  std::string text = "x'";
  for (const char byte : bytes) {
    text += kHexDigits[static_cast<unsigned char>(byte) >> 4];
    text += kHexDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text + "'";
}

}  // namespace

CacheKey::CacheKey(std::string_view operation, std::string_view text, std::span<const ValueView> values) {
  for (const std::string_view part : {operation, text}) {
    const std::uint64_t size = part.size();
    add('o', &size, sizeof size);
    add(' ', part.data(), part.size());
  }
  put(values);
}

void CacheKey::addToLong(char kind, const void* bytes, std::size_t count) {
  if (long_.empty()) long_.assign(short_.data(), size_);
  long_ += kind;
  long_.append(static_cast<const char*>(bytes), count);
}

// Each with its length, so that no text can look like two values.
void CacheKey::putOther(const ValueView& value) {
  switch (value.type()) {
    case ValueType::Null: return add('n', nullptr, 0);
    case ValueType::Integer: return;  // By put().
    case ValueType::Real: {
      const double number = value.real();
      return add('r', &number, sizeof number);
    }
    case ValueType::Text: {
      const std::uint64_t size = value.text().size();
      add('t', &size, sizeof size);
      return add(' ', value.text().data(), value.text().size());
    }
    case ValueType::Blob: {
      const std::uint64_t size = value.blob().size();
      add('b', &size, sizeof size);
      return add(' ', value.blob().data(), value.blob().size());
    }
  }
}

std::string CacheKey::nameOf(std::string_view table, std::string_view bytes) {
  std::string name(table);
  const auto takeLong = [&bytes] {
    const auto size = static_cast<std::size_t>(takeNumber<std::uint64_t>(bytes));
    bytes.remove_prefix(1);
    const std::string_view text = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return text;
  };
  while (!bytes.empty()) {
    const char kind = bytes.front();
    bytes.remove_prefix(1);
    name += ':';
    switch (kind) {
      case 'i': name += std::to_string(takeNumber<std::int64_t>(bytes)); break;
      case 'r': name += std::to_string(takeNumber<double>(bytes)); break;
      case 'o': name += takeLong(); break;
      case 't': name.append("'").append(takeLong()).append("'"); break;
      case 'b': name += hexText(takeLong()); break;
      default: name += "null"; break;
    }
  }
  return name;
}

}  // namespace holdfast::detail
