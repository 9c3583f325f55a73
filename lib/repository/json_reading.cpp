#include "repository/json_reading.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include <holdfast/error.hpp>

#include "core/json_text.hpp"
#include "repository/base64.hpp"

namespace holdfast {
namespace {

[[noreturn]] void throwUnreadable(std::string_view column, std::string_view why) {
  throw Error(ErrorCode::TypeMismatch,
              std::string("column '").append(column).append("' holds a text that is ").append(why));
}

void requireOneNameEach(const ColumnNames& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (names[i] != names[j]) continue;
      throw Error(ErrorCode::InvalidArgument,
                  "two columns of the result are called \"" + names[i] + "\": give one another name with as()");
    }
  }
}

bool isTooDeepText(std::string_view text) noexcept {
  int depth = 0;
  bool inString = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inString && c == '\\') {
      ++i;
    } else if (c == '"') {
      inString = !inString;
    } else if (!inString && (c == '[' || c == '{')) {
      if (++depth > kDeepestJson) return true;
    } else if (!inString && (c == ']' || c == '}')) {
      --depth;
    }
  }
  return false;
}

bool isDeeperThan(const nlohmann::json& value, int levels) {
  if (!value.is_structured()) return false;
  if (levels == 0) return true;
  return std::any_of(value.begin(), value.end(), [levels](const auto& part) { return isDeeperThan(part, levels - 1); });
}

}  // namespace

bool isTooDeep(const nlohmann::json& value) { return isDeeperThan(value, kDeepestJson); }

nlohmann::json jsonOf(const ValueView& value, std::string_view column) {
  switch (value.type()) {
    case ValueType::Integer: return value.integer();
    case ValueType::Real: return value.real();
    case ValueType::Text:
      if (!isUtf8(value.text())) throwUnreadable(column, "not UTF-8");
      return value.text();
    case ValueType::Blob: return {{"$blob", toBase64(value.blob())}};
    case ValueType::Null: break;
  }
  return nullptr;
}

nlohmann::json jsonOf(const Rows& rows) {
  const ColumnNames& names = rows.columns();
  requireOneNameEach(names);
  nlohmann::json objects = nlohmann::json::array();
  for (const Row& row : rows) {
    nlohmann::json& object = objects.emplace_back(nlohmann::json::object());
    for (std::size_t i = 0; i < names.size(); ++i) object[names[i]] = jsonOf(row.at(i).view(), names[i]);
  }
  return objects;
}

nlohmann::json parsedJsonOf(const ValueView& value, std::string_view column) {
  if (value.type() != ValueType::Text) return jsonOf(value, column);
  if (isTooDeepText(value.text())) throwUnreadable(column, "JSON nested more than 1000 levels deep");
  nlohmann::json parsed = nlohmann::json::parse(value.text(), nullptr, false);
  if (parsed.is_discarded()) throwUnreadable(column, "no JSON");
  return parsed;
}

}  // namespace holdfast
