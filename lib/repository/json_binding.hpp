#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <holdfast/table_schema.hpp>

namespace holdfast {

/// A column's name and the value for it.
using BoundColumns = std::vector<std::pair<std::string_view, Value>>;

/// How the JSON records of a table are written and read. Errors name table, column and key.
class JsonLayout {
 public:
  /// Throws Error{InvalidArgument} where there is no such table, or no such column among `jsonColumns`.
  JsonLayout(StatementExecutor& executor, std::string_view table, std::span<const std::string> jsonColumns);
  JsonLayout(const JsonLayout&) = delete;
  JsonLayout& operator=(const JsonLayout&) = delete;

  const TableSchema& schema() const noexcept { return schema_; }
  /// The primary key's columns; none where there is no primary key.
  const std::vector<const ColumnSchema*>& key() const noexcept { return key_; }
  /// What tells a row from all others: the primary key's columns, or the rowid.
  std::vector<std::string_view> rowKey() const;
  /// Throws Error{InvalidArgument} for a view: SQLite 3.40 takes writes with RETURNING to one, and does nothing.
  void requireWritable() const;

  /// The columns of a new record, all there that must be.
  BoundColumns ofRecord(const nlohmann::json& record) const;
  /// The columns that are to change, at least one; `key` (null: any row's) must not.
  BoundColumns ofChanges(const nlohmann::json& changes, const nlohmann::json* key) const;
  /// The values of a key in the order of key(). Throws Error{InvalidArgument} where the table has none.
  std::vector<Value> ofKey(const nlohmann::json& key) const;

  nlohmann::json read(const RowView& row) const;

 private:
  bool holdsJson(const ColumnSchema& column) const noexcept;
  const ColumnSchema& columnOf(const std::string& member, const nlohmann::json& record) const;
  Value valueOf(const ColumnSchema& column, const nlohmann::json& value, const nlohmann::json& record) const;
  /// " of "reading" (id=7)": for messages.
  std::string placeOf(const nlohmann::json& record) const;
  [[noreturn]] void refuse(const ColumnSchema& column, std::string_view why, const nlohmann::json& record) const;

  TableSchema schema_;
  std::vector<const ColumnSchema*> key_;
  std::vector<std::string> jsonColumns_;
};

}  // namespace holdfast
