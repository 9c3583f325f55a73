#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/statement_executor.hpp>

namespace holdfast {

/// What a column accepts, by its declared type and whether the table is STRICT.
enum class ColumnAffinity : std::uint8_t {
  Integer,
  Real,
  Numeric,  ///< Numbers, and text that is none. Only in tables that are not STRICT.
  Text,
  Bytes,
  Any,
};

std::string_view toText(ColumnAffinity affinity) noexcept;

/// A column as the file has it.
struct ColumnSchema {
  std::string name;
  std::string declaredType;  ///< As written; empty where none is.
  ColumnAffinity affinity = ColumnAffinity::Any;
  bool notNull = false;                          ///< As written; the key of a rowid table is never NULL without it.
  std::optional<std::string> defaultValue = {};  ///< SQL text.
  int keyPosition = 0;                           ///< In the primary key, from 1; 0: no part of it.
  bool isHidden = false;                         ///< Of a virtual table: not in `SELECT *`.
  bool isGenerated = false;                      ///< Computed: cannot be written.
};

struct IndexColumn {
  std::string name;  ///< Empty: an expression.
  bool isDescending = false;
  std::string collation;  ///< "BINARY" unless said otherwise.
};

enum class IndexOrigin : std::uint8_t { Created, Unique, PrimaryKey };

struct IndexSchema {
  std::string name;
  std::vector<IndexColumn> columns;
  bool isUnique = false;
  bool isPartial = false;
  IndexOrigin origin = IndexOrigin::Created;  ///< CREATE INDEX, or a constraint of the table.
};

struct ForeignKeySchema {
  std::string table;
  std::vector<std::string> columns;
  std::vector<std::string> referencedColumns;  ///< Empty: the other table's primary key.
  std::string onUpdate;                        ///< "NO ACTION", "CASCADE", ...
  std::string onDelete;
};

enum class TableKind : std::uint8_t { Table, View, Virtual };

/// A table or view of the main database, as the file has it. Names compare as SQLite does: ASCII letters in either case
/// are the same.
struct TableSchema {
  std::string name;
  TableKind kind = TableKind::Table;
  bool isStrict = false;
  bool hasRowId = true;
  std::string sql;  ///< The CREATE statement; empty for what SQLite itself made.
  std::vector<ColumnSchema> columns;
  std::vector<IndexSchema> indexes;
  std::vector<ForeignKeySchema> foreignKeys;

  /// Nothing where there is no such table or view. Throws Error as queries do; blocks as they do.
  static std::optional<TableSchema> read(StatementExecutor& executor, std::string_view table);
  /// All tables and views, but for SQLite's own.
  static std::vector<std::string> tableNames(StatementExecutor& executor);

  /// Null where there is no such column.
  const ColumnSchema* find(std::string_view column) const noexcept;
  /// The primary key's columns in its order; none for views and for tables without one.
  std::vector<const ColumnSchema*> key() const;
  /// The key is one INTEGER column that is the rowid, for which SQLite finds a value where none is given.
  bool hasRowIdKey() const noexcept;
  std::vector<std::string_view> columnNames() const;
};

/// A number that changes whenever the schema does.
std::int64_t schemaVersion(StatementExecutor& executor);

namespace detail {

/// The affinity of a declared type: SQLite's rules, "Datatypes In SQLite", 3.1.
ColumnAffinity affinityOf(std::string_view declaredType, bool isStrict) noexcept;
/// Whether two names are the same for SQLite.
bool sameName(std::string_view a, std::string_view b) noexcept;

}  // namespace detail
}  // namespace holdfast
