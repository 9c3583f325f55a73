#include <holdfast/table_schema.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

#include <holdfast/error.hpp>

#include "core/characters.hpp"

namespace holdfast {
namespace {

bool containsWord(std::string_view text, std::string_view part) noexcept {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

// table_list says "shadow" for the tables behind a virtual one; they are tables.
TableKind kindOf(std::string_view text) noexcept {
  if (text == "view") return TableKind::View;
  return text == "virtual" ? TableKind::Virtual : TableKind::Table;
}

bool readTable(StatementExecutor& executor, TableSchema& table) {
  bool found = false;
  executor.forEach(
      "SELECT l.name, l.type, l.wr, l.strict, coalesce(s.sql, '') FROM pragma_table_list(?) l "
      "LEFT JOIN main.sqlite_schema s ON s.name = l.name AND s.type IN ('table', 'view') WHERE l.schema = 'main'",
      [&](const RowView& row) {
        found = true;
        table.name = row.get<std::string>(0);
        table.kind = kindOf(row.get<std::string_view>(1));
        table.hasRowId = !row.get<bool>(2);
        table.isStrict = row.get<bool>(3);
        table.sql = row.get<std::string>(4);
      },
      table.name);
  return found;
}

void readColumns(StatementExecutor& executor, TableSchema& table) {
  executor.forEach(
      "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?, 'main') ORDER BY cid",
      [&](const RowView& row) {
        ColumnSchema& column = table.columns.emplace_back();
        column.name = row.get<std::string>(0);
        column.declaredType = row.get<std::string>(1);
        column.affinity = detail::affinityOf(column.declaredType, table.isStrict);
        column.notNull = row.get<bool>(2);
        column.defaultValue = row.get<std::optional<std::string>>(3);
        column.keyPosition = row.get<int>(4);
        const int hidden = row.get<int>(5);  // 1: of a virtual table; 2 and 3: generated.
        column.isHidden = hidden == 1;
        column.isGenerated = hidden >= 2;
      },
      table.name);
}

void readIndexes(StatementExecutor& executor, TableSchema& table) {
  executor.forEach(
      "SELECT l.seq, l.name, l.\"unique\", l.origin, l.partial, x.name, x.\"desc\", x.coll "
      "FROM pragma_index_list(?, 'main') l, pragma_index_xinfo(l.name, 'main') x WHERE x.key = 1 "
      "ORDER BY l.seq, x.seqno",
      [&, last = std::int64_t{-1}](const RowView& row) mutable {
        if (const auto sequence = row.get<std::int64_t>(0); sequence != last) {
          last = sequence;
          IndexSchema& index = table.indexes.emplace_back();
          index.name = row.get<std::string>(1);
          index.isUnique = row.get<bool>(2);
          const auto origin = row.get<std::string_view>(3);
          index.origin = origin == "pk"  ? IndexOrigin::PrimaryKey
                         : origin == "u" ? IndexOrigin::Unique
                                         : IndexOrigin::Created;
          index.isPartial = row.get<bool>(4);
        }
        table.indexes.back().columns.push_back({row.get<std::optional<std::string>>(5).value_or(std::string()),
                                                row.get<bool>(6),
                                                row.get<std::optional<std::string>>(7).value_or(std::string())});
      },
      table.name);
}

void readForeignKeys(StatementExecutor& executor, TableSchema& table) {
  executor.forEach(
      "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete FROM pragma_foreign_key_list(?, 'main') "
      "ORDER BY id, seq",
      [&, last = std::int64_t{-1}](const RowView& row) mutable {
        if (const auto id = row.get<std::int64_t>(0); id != last) {
          last = id;
          table.foreignKeys.push_back(
              {row.get<std::string>(1), {}, {}, row.get<std::string>(4), row.get<std::string>(5)});
        }
        ForeignKeySchema& key = table.foreignKeys.back();
        key.columns.push_back(row.get<std::string>(2));
        if (auto to = row.get<std::optional<std::string>>(3)) key.referencedColumns.push_back(std::move(*to));
      },
      table.name);
}

}  // namespace

std::string_view toText(ColumnAffinity affinity) noexcept {
  static constexpr std::array<std::string_view, 6> kTexts{"INTEGER", "REAL", "NUMERIC", "TEXT", "BLOB", "ANY"};
  const auto index = static_cast<std::size_t>(affinity);
  return index < kTexts.size() ? kTexts[index] : "ANY";
}

namespace detail {

bool sameName(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

ColumnAffinity affinityOf(std::string_view type, bool isStrict) noexcept {
  if (isStrict && sameName(type, "ANY")) return ColumnAffinity::Any;
  if (containsWord(type, "INT")) return ColumnAffinity::Integer;
  if (containsWord(type, "CHAR") || containsWord(type, "CLOB") || containsWord(type, "TEXT")) {
    return ColumnAffinity::Text;
  }
  if (type.empty()) return ColumnAffinity::Any;
  if (containsWord(type, "BLOB")) return ColumnAffinity::Bytes;
  if (containsWord(type, "REAL") || containsWord(type, "FLOA") || containsWord(type, "DOUB")) {
    return ColumnAffinity::Real;
  }
  return ColumnAffinity::Numeric;
}

}  // namespace detail

std::int64_t schemaVersion(StatementExecutor& executor) {
  return executor.queryValue<std::int64_t>("SELECT schema_version FROM pragma_schema_version").value_or(0);
}

std::optional<TableSchema> TableSchema::read(StatementExecutor& executor, std::string_view table) {
  // Several statements, that each may see another schema while somebody changes it.
  constexpr int kMostAttempts = 10;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const std::int64_t version = schemaVersion(executor);
    TableSchema schema;
    schema.name = table;
    const bool found = readTable(executor, schema);
    if (found) {
      readColumns(executor, schema);
      readIndexes(executor, schema);
      readForeignKeys(executor, schema);
    }
    if (schemaVersion(executor) != version) continue;
    if (!found) return std::nullopt;
    return schema;
  }
  throw Error(ErrorCode::Busy, std::string("the schema of \"").append(table).append("\" changes all the time"));
}

std::vector<std::string> TableSchema::tableNames(StatementExecutor& executor) {
  std::vector<std::string> names;
  executor.forEach(
      "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
      "ORDER BY name",
      [&names](const RowView& row) { names.push_back(row.get<std::string>(0)); });
  return names;
}

const ColumnSchema* TableSchema::find(std::string_view column) const noexcept {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [column](const ColumnSchema& one) { return detail::sameName(one.name, column); });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<const ColumnSchema*> TableSchema::key() const {
  std::vector<const ColumnSchema*> result;
  for (const ColumnSchema& column : columns) {
    if (column.keyPosition > 0) result.push_back(&column);
  }
  std::sort(result.begin(), result.end(),
            [](const ColumnSchema* a, const ColumnSchema* b) { return a->keyPosition < b->keyPosition; });
  return result;
}

bool TableSchema::hasRowIdKey() const noexcept {
  if (!hasRowId || kind != TableKind::Table) return false;
  const auto isKey = [](const ColumnSchema& column) { return column.keyPosition > 0; };
  if (std::count_if(columns.begin(), columns.end(), isKey) != 1) return false;
  const auto column = std::find_if(columns.begin(), columns.end(), isKey);
  // A key that is not the rowid has an index: "INT PRIMARY KEY", and "INTEGER PRIMARY KEY DESC".
  return detail::sameName(column->declaredType, "INTEGER") &&
         std::none_of(indexes.begin(), indexes.end(),
                      [](const IndexSchema& index) { return index.origin == IndexOrigin::PrimaryKey; });
}

std::vector<std::string_view> TableSchema::columnNames() const {
  std::vector<std::string_view> names;
  for (const ColumnSchema& column : columns) names.push_back(column.name);
  return names;
}

}  // namespace holdfast
