#include "repository/json_binding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include <holdfast/error.hpp>
#include <holdfast/json_fwd.hpp>

#include "core/json_text.hpp"
#include "core/text.hpp"
#include "repository/base64.hpp"
#include "repository/json_reading.hpp"
#include "repository/unknown_name.hpp"

namespace holdfast {
namespace {

constexpr std::size_t kLongestKey = 40;

/// A key as messages show it.
std::string keyText(const Json& value) {
  if (value.is_string()) return shorten(value.get_ref<const std::string&>(), kLongestKey);
  if (value.is_number_integer()) return value.dump();
  return std::string(value.type_name());
}

bool isBlob(const Json& value) { return value.is_binary() || (value.is_object() && value.contains("$blob")); }

/// Why a value does not fit, or its form in the table.
struct Bound {
  Value value = {};
  std::string_view problem = {};
};

Bound boundBlob(const Json& value) {
  if (value.is_binary()) {
    const auto& bytes = value.get_binary();
    return {Value(BlobView(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size())), {}};
  }
  const Json& text = value.at("$blob");
  if (value.size() != 1 || !text.is_string())
    return {{}, "takes {\"$blob\": base64} with a text and nothing beside it"};
  auto bytes = fromBase64(text.get_ref<const std::string&>());
  if (!bytes) return {{}, "has a \"$blob\" that is no base64 (RFC 4648, with padding)"};
  return {Value(std::move(*bytes)), {}};
}

Bound boundInteger(const Json& value) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63, which a double holds exactly.
  if (value.is_boolean()) return {Value(value.get<bool>()), {}};
  if (value.is_number_unsigned()) {
    if (value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return {Value(value.get<std::int64_t>()), {}};
    }
    return {{}, "takes an integer of 64 bits with a sign; this one is out of range"};
  }
  if (value.is_number_integer()) return {Value(value.get<std::int64_t>()), {}};
  if (!value.is_number_float()) return {{}, "takes an integer"};
  const double number = value.get<double>();
  if (!(number >= -kLimit && number < kLimit)) {
    return {{}, "takes an integer of 64 bits with a sign; this one is out of range"};
  }
  if (std::trunc(number) != number) return {{}, "takes an integer, and not one with a fraction"};
  return {Value(static_cast<std::int64_t>(number)), {}};
}

Bound boundReal(const Json& value) {
  if (!value.is_number()) return {{}, "takes a number"};
  const double number = value.get<double>();
  if (std::isnan(number)) return {{}, "takes a number, which NaN is not"};
  return {Value(number), {}};
}

Bound boundNumber(const Json& value) {
  if (value.is_number_float()) return boundReal(value);
  return value.is_number() || value.is_boolean() ? boundInteger(value) : Bound{{}, "takes a number"};
}

Bound boundText(const Json& value) {
  if (!value.is_string()) return {{}, "takes a text"};
  const auto& text = value.get_ref<const std::string&>();
  if (!isUtf8(text)) return {{}, "takes a text, and this one is not UTF-8"};
  return {Value(text), {}};
}

Bound boundJson(const Json& value) {
  if (isTooDeep(value)) return {{}, "takes JSON of at most 1000 levels"};
  try {
    return {Value(value.dump()), {}};
  } catch (const Json::exception&) {
    return {{}, "takes JSON, and this has a text that is not UTF-8"};
  }
}

Bound boundAny(const Json& value) {
  if (isBlob(value)) return boundBlob(value);
  if (value.is_structured()) return boundJson(value);
  return value.is_string() ? boundText(value) : boundNumber(value);
}

Bound bound(ColumnAffinity affinity, const Json& value) {
  switch (affinity) {
    case ColumnAffinity::Integer: return boundInteger(value);
    case ColumnAffinity::Real: return boundReal(value);
    case ColumnAffinity::Numeric: return value.is_string() ? boundText(value) : boundNumber(value);
    case ColumnAffinity::Text:
      if (isBlob(value)) return {{}, "takes a text, and not a blob"};
      return value.is_structured() ? boundJson(value) : boundText(value);
    case ColumnAffinity::Bytes:
      return isBlob(value) ? boundBlob(value) : Bound{{}, "takes a blob: {\"$blob\": base64}"};
    case ColumnAffinity::Any: break;
  }
  return boundAny(value);
}

}  // namespace

JsonLayout::JsonLayout(StatementExecutor& executor, std::string_view table, std::span<const std::string> jsonColumns)
    : jsonColumns_(jsonColumns.begin(), jsonColumns.end()) {
  auto schema = TableSchema::read(executor, table);
  if (!schema) {
    const std::vector<std::string> known = TableSchema::tableNames(executor);
    const std::vector<std::string_view> names(known.begin(), known.end());
    throw Error(ErrorCode::InvalidArgument,
                std::string("there is no table \"").append(table).append("\"") + suggestion(table, names));
  }
  schema_ = std::move(*schema);
  key_ = schema_.key();
  for (const std::string& column : jsonColumns_) columnOf(column, Json());
}

std::vector<std::string_view> JsonLayout::rowKey() const {
  std::vector<std::string_view> names;
  for (const ColumnSchema* column : key_) names.push_back(column->name);
  if (names.empty()) names.push_back(schema_.find("rowid") == nullptr ? "rowid" : "_rowid_");
  return names;
}

void JsonLayout::requireWritable() const {
  if (schema_.kind != TableKind::View) return;
  throw Error(ErrorCode::InvalidArgument, "\"" + schema_.name + "\" is a view: write to its tables");
}

bool JsonLayout::holdsJson(const ColumnSchema& column) const noexcept {
  return detail::sameName(column.declaredType, "JSON") ||
         std::any_of(jsonColumns_.begin(), jsonColumns_.end(),
                     [&](const std::string& name) { return detail::sameName(name, column.name); });
}

std::string JsonLayout::placeOf(const Json& record) const {
  std::string text = " of \"" + schema_.name + "\"";
  std::string key;
  for (const ColumnSchema* column : key_) {
    if (!record.is_object() || !record.contains(column->name)) return text;
    key.append(key.empty() ? " (" : ", ").append(column->name).append("=").append(keyText(record.at(column->name)));
  }
  return key.empty() ? text : text + key + ")";
}

void JsonLayout::refuse(const ColumnSchema& column, std::string_view why, const Json& record) const {
  throw Error(ErrorCode::InvalidArgument, "column \"" + column.name + "\"" + placeOf(record) + " " + std::string(why));
}

const ColumnSchema& JsonLayout::columnOf(const std::string& member, const Json& record) const {
  if (const ColumnSchema* column = schema_.find(member)) return *column;
  throw Error(ErrorCode::InvalidArgument,
              "there is no column \"" + member + "\"" + placeOf(record) + suggestion(member, schema_.columnNames()));
}

Value JsonLayout::valueOf(const ColumnSchema& column, const Json& value, const Json& record) const {
  if (value.is_null()) {
    const bool isFound = column.keyPosition > 0 && schema_.hasRowIdKey();
    if ((column.notNull || column.keyPosition > 0) && !isFound) refuse(column, "takes no null", record);
    return {};
  }
  auto [stored, problem] = holdsJson(column) ? boundJson(value) : bound(column.affinity, value);
  if (!problem.empty()) refuse(column, problem, record);
  return std::move(stored);
}

BoundColumns JsonLayout::ofRecord(const Json& record) const {
  requireWritable();
  if (!record.is_object()) {
    throw Error(ErrorCode::InvalidArgument, "a record of \"" + schema_.name + "\" is a JSON object");
  }
  BoundColumns columns;
  columns.reserve(record.size());
  for (const auto& [member, value] : record.items()) {
    const ColumnSchema& column = columnOf(member, record);
    if (column.isGenerated) refuse(column, "is computed and cannot be written", record);
    for (const auto& [name, other] : columns) {
      if (name == column.name) refuse(column, "is named twice, in upper and lower case", record);
    }
    columns.emplace_back(column.name, valueOf(column, value, record));
  }
  for (const ColumnSchema& column : schema_.columns) {
    const bool isNeeded = (column.notNull || column.keyPosition > 0) && !column.defaultValue && !column.isGenerated &&
                          !(column.keyPosition > 0 && schema_.hasRowIdKey());
    const auto isIt = [&](const auto& one) { return one.first == column.name; };
    if (isNeeded && std::none_of(columns.begin(), columns.end(), isIt)) refuse(column, "is missing", record);
  }
  return columns;
}

BoundColumns JsonLayout::ofChanges(const Json& changes, const Json* key) const {
  requireWritable();
  if (!changes.is_object()) {
    throw Error(ErrorCode::InvalidArgument, "changes of \"" + schema_.name + "\" are a JSON object");
  }
  const std::vector<Value> keyValues = key != nullptr ? ofKey(*key) : std::vector<Value>();
  BoundColumns columns;
  for (const auto& [member, value] : changes.items()) {
    const ColumnSchema& column = columnOf(member, changes);
    if (column.isGenerated) refuse(column, "is computed and cannot be written", changes);
    Value stored = valueOf(column, value, changes);
    if (column.keyPosition > 0) {
      const auto position = static_cast<std::size_t>(column.keyPosition - 1);
      if (key == nullptr || !(keyValues.at(position) == stored))
        refuse(column, "is the key and does not change", changes);
      continue;
    }
    columns.emplace_back(column.name, std::move(stored));
  }
  if (columns.empty()) {
    throw Error(ErrorCode::InvalidArgument, "an update of nothing in \"" + schema_.name + "\": name a column");
  }
  return columns;
}

std::vector<Value> JsonLayout::ofKey(const Json& key) const {
  if (key_.empty()) {
    throw Error(ErrorCode::InvalidArgument, "\"" + schema_.name + "\" has no primary key: use a condition");
  }
  Json object = key;
  if (!key.is_object() || isBlob(key)) {
    if (key_.size() > 1) {
      throw Error(ErrorCode::InvalidArgument,
                  "the key of \"" + schema_.name + "\" has several columns: give an object with all of them");
    }
    object = Json::object({{key_.front()->name, key}});
  }
  if (object.size() != key_.size()) {
    throw Error(ErrorCode::InvalidArgument, "the key of \"" + schema_.name + "\" has other columns than the one given");
  }
  std::vector<Value> values;
  for (const ColumnSchema* column : key_) {
    const auto found = object.find(column->name);
    if (found == object.end()) refuse(*column, "is missing in the key", object);
    if (found->is_null()) refuse(*column, "takes no null", object);
    values.push_back(valueOf(*column, *found, object));
  }
  return values;
}

Json JsonLayout::read(const RowView& row) const {
  Json record = Json::object();
  try {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string_view name = row.columnName(i);
      const ColumnSchema* column = schema_.find(name);
      const bool isJson = column != nullptr && holdsJson(*column);
      record[std::string(name)] = isJson ? parsedJsonOf(row.at(i), name) : jsonOf(row.at(i), name);
    }
  } catch (Error& error) {
    // The key may come after what is wrong.
    Json known = record;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string name(row.columnName(i));
      const ColumnSchema* column = schema_.find(name);
      const ValueView value = row.at(i);
      if (column == nullptr || column->keyPosition == 0 || record.contains(name)) continue;
      if (value.type() == ValueType::Integer || value.type() == ValueType::Text) {
        known[name] = value.type() == ValueType::Integer ? Json(value.integer()) : Json(value.text());
      }
    }
    throw error.addFrame("a record" + placeOf(known));
  }
  return record;
}

}  // namespace holdfast
