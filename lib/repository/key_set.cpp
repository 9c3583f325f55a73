#include <holdfast/detail/key_set.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>

#include <nlohmann/json.hpp>

#include <holdfast/field.hpp>

#include "query/identifier.hpp"

namespace holdfast::detail {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

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

// Texts as hex digits, too: one need not be UTF-8. Numbers with a fraction by their bits: decimals are read with
// different precision by different libraries, and infinities have none.
nlohmann::json jsonOf(const ValueView& value) {
  switch (value.type()) {
    case ValueType::Null: return nullptr;
    case ValueType::Integer: return value.integer();
    case ValueType::Real: return {{"real", std::bit_cast<std::int64_t>(value.real())}};
    case ValueType::Text: return {{"text", hexText(value.text().data(), value.text().size())}};
    case ValueType::Blob: break;
  }
  return {{"blob", hexText(value.blob().data(), value.blob().size())}};
}

std::optional<Value> valueOf(const nlohmann::json& json) {
  if (json.is_null()) return Value();
  if (json.is_number_integer()) return Value(json.get<std::int64_t>());
  if (!json.is_object() || json.size() != 1) return std::nullopt;
  const std::string& type = json.begin().key();
  const nlohmann::json& content = json.front();
  if (type == "real" && content.is_number_integer()) return Value(std::bit_cast<double>(content.get<std::int64_t>()));
  if (!content.is_string()) return std::nullopt;
  std::optional<std::string> bytes = hexBytes(content.get_ref<const std::string&>());
  if (!bytes) return std::nullopt;
  if (type == "text") return Value(std::move(*bytes));
  if (type != "blob") return std::nullopt;
  Blob blob(bytes->size());
  std::transform(bytes->begin(), bytes->end(), blob.begin(), [](char c) { return static_cast<std::byte>(c); });
  return Value(std::move(blob));
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
  nlohmann::json values = nlohmann::json::array();
  for (const Value& value : place) values.push_back(jsonOf(value.view()));
  const std::string_view column = shape_.columns[columns_.front()];
  return nlohmann::json{{"by", hexText(column.data(), column.size())},
                        {"down", order_ == Order::Descending},
                        {"after", std::move(values)}}
      .dump();
}

// SQLite's NULLs come before all values, and a comparison with one is never true.
Condition KeySet::after(std::string_view token) const {
  const nlohmann::json json = nlohmann::json::parse(token, nullptr, false);
  const std::string_view column = shape_.columns[columns_.front()];
  if (!json.is_object() || !json.contains("after") || !json["after"].is_array()) throwBadToken("is none");
  if (json.value("by", nlohmann::json()) != hexText(column.data(), column.size()) ||
      json.value("down", nlohmann::json()) != (order_ == Order::Descending) ||
      json["after"].size() != columns_.size()) {
    throwBadToken("is of a list in another order");
  }
  std::vector<Value> values;
  for (const nlohmann::json& part : json["after"]) {
    std::optional<Value> value = valueOf(part);
    if (!value || (value->isNull() && !values.empty())) throwBadToken("is none");
    values.push_back(std::move(*value));
  }
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
