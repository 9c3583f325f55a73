#include <holdfast/detail/key_set.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <system_error>

#include <holdfast/field.hpp>

#include "core/characters.hpp"
#include "query/identifier.hpp"

namespace holdfast::detail {
namespace {

std::string hexText(const void* data, std::size_t size) {
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<const unsigned char*>(data)[i];
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  return text;
}

std::optional<std::string> hexBytes(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::size_t high = kHexDigits.find(text[i]);
    const std::size_t low = kHexDigits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

// A token is "<column in hex>.<+ or ->", and for each value ".<kind><content>". Texts as hex digits, too: one may hold a dot.
// Numbers with a fraction by their bits: decimals are read with different precision by different libraries, and infinities
// have none.
void appendValue(std::string& token, const ValueView& value) {
  switch (value.type()) {
    case ValueType::Null: token += ".n"; return;
    case ValueType::Integer: token.append(".i").append(std::to_string(value.integer())); return;
    case ValueType::Real: token.append(".r").append(std::to_string(std::bit_cast<std::int64_t>(value.real()))); return;
    case ValueType::Text: token.append(".t").append(hexText(value.text().data(), value.text().size())); return;
    case ValueType::Blob: break;
  }
  token.append(".b").append(hexText(value.blob().data(), value.blob().size()));
}

std::optional<std::int64_t> numberOf(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Value> valueOf(std::string_view part) {
  if (part.empty()) return std::nullopt;
  const std::string_view content = part.substr(1);
  const char kind = part.front();
  if (kind == 'n') return content.empty() ? std::optional(Value()) : std::nullopt;
  if (kind == 'i' || kind == 'r') {
    const std::optional<std::int64_t> number = numberOf(content);
    if (!number) return std::nullopt;
    return kind == 'i' ? Value(*number) : Value(std::bit_cast<double>(*number));
  }
  std::optional<std::string> bytes = hexBytes(content);
  if (!bytes) return std::nullopt;
  if (kind == 't') return Value(std::move(*bytes));
  if (kind != 'b') return std::nullopt;
  Blob blob(bytes->size());
  std::transform(bytes->begin(), bytes->end(), blob.begin(), [](char c) { return static_cast<std::byte>(c); });
  return Value(std::move(blob));
}

/// What comes before the next dot, which is taken away with it; nothing at the end.
std::optional<std::string_view> nextPart(std::optional<std::string_view>& rest) {
  if (!rest) return std::nullopt;
  const std::size_t dot = rest->find('.');
  const std::string_view part = rest->substr(0, dot);
  rest = dot == std::string_view::npos ? std::nullopt : std::optional(rest->substr(dot + 1));
  return part;
}

std::string placeholders(std::size_t count) {
  std::string text = "(?";
  for (std::size_t i = 1; i < count; ++i) text += ", ?";
  return text + ")";
}

[[noreturn]] void throwBadToken(const char* why) {
  throw Error(ErrorCode::InvalidArgument,
              std::string("the token of a page ") + why + ": pass `next` of the page before, unchanged");
}

}  // namespace

KeySet::KeySet(const TableShape& shape, std::string_view column, bool isNullable, Order order)
    : shape_(shape), isNullable_(isNullable), order_(order) {
  if (!column.empty()) {
    const auto at = std::find(shape.columns.begin(), shape.columns.end(), column);
    if (at == shape.columns.end()) throwUnmapped(shape.name);
    columns_.push_back(static_cast<std::size_t>(at - shape.columns.begin()));
  }
  for (const std::size_t key : shape.keys) {
    if (columns_.empty() || key != columns_.front()) columns_.push_back(key);
  }
}

std::string KeySet::names(std::size_t from) const {
  std::string text;
  for (std::size_t i = from; i < columns_.size(); ++i) {
    text += text.empty() ? "(" : ", ";
    appendIdentifier(text, shape_.columns[columns_[i]]);
  }
  return text + ")";
}

void KeySet::appendOrder(std::string& text) const {
  const char* separator = " ORDER BY ";
  for (const std::size_t column : columns_) {
    text += separator;
    appendIdentifier(text, shape_.columns[column]);
    if (order_ == Order::Descending) text += " DESC";
    separator = ", ";
  }
}

std::string KeySet::token(const std::vector<Value>& place) const {
  const std::string_view column = shape_.columns[columns_.front()];
  std::string token = hexText(column.data(), column.size());
  token += order_ == Order::Descending ? ".-" : ".+";
  for (const Value& value : place) appendValue(token, value.view());
  return token;
}

// SQLite's NULLs come before all values, and a comparison with one is never true.
Condition KeySet::after(std::string_view token) const {
  const std::string_view column = shape_.columns[columns_.front()];
  std::optional<std::string_view> rest = token;
  const auto by = nextPart(rest);
  const auto direction = nextPart(rest);
  if (!by || by->empty() || !direction || (*direction != "+" && *direction != "-")) throwBadToken("is none");
  if (*by != hexText(column.data(), column.size()) || (*direction == "-") != (order_ == Order::Descending)) {
    throwBadToken("is of a list in another order");
  }
  std::vector<Value> values;
  while (const auto part = nextPart(rest)) {
    std::optional<Value> value = valueOf(*part);
    if (!value || (value->isNull() && !values.empty())) throwBadToken("is none");
    values.push_back(std::move(*value));
  }
  if (values.size() != columns_.size()) throwBadToken("is of a list in another order");
  const bool isDown = order_ == Order::Descending;
  const std::string_view further = isDown ? " < " : " > ";
  std::string first;
  appendIdentifier(first, column);
  if (!values.front().isNull()) {
    const std::string beyond = names(0).append(further).append(placeholders(values.size()));
    return Condition::raw(isDown && isNullable_ ? beyond + " OR " + first + " IS NULL" : beyond, std::move(values));
  }
  if (!isNullable_) throwBadToken("is none");
  values.erase(values.begin());
  const std::string tied = first + " IS NULL AND " + names(1).append(further).append(placeholders(values.size()));
  return Condition::raw(isDown ? tied : first + " IS NOT NULL OR (" + tied + ")", std::move(values));
}

}  // namespace holdfast::detail
