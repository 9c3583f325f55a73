#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/detail/table_facts.hpp>
#include <holdfast/mapping.hpp>
#include <holdfast/statement_executor.hpp>

namespace holdfast {

enum class DifferenceKind : std::uint8_t {
  MissingTable,
  NotATable,  ///< A view, or a virtual table. Nothing else is compared then.
  MissingColumn,
  ExtraColumn,    ///< In the file, and not mapped.
  RenamedColumn,  ///< One is missing and another of the same type is there instead: perhaps another name for it.
  Type,
  NotNull,
  PrimaryKey,
  Unique,
  Default,
  Check,  ///< CHECK constraints: check(), range(), maxLength(), pattern().
  ForeignKey,
  MissingIndex,
  ExtraIndex,
  Strict,
  RowId,  ///< WITHOUT ROWID.
};

std::string_view toText(DifferenceKind kind) noexcept;

/// Something that the mapping and the file do not agree on.
struct SchemaDifference {
  DifferenceKind kind = DifferenceKind::MissingTable;
  std::string table;
  std::string column;    ///< Several, joined by ", ", for keys and indexes of several; empty: the table as a whole.
  std::string expected;  ///< By the mapping; empty: nothing.
  std::string found;     ///< In the file; empty: nothing.
  std::string text;      ///< All of it in words.
};

/// What a mapped table and the file differ in, columns in the order of the mapping first; nothing where createTable()
/// made the table. Only looks: whether and how to change the file is the program's decision. Names of indexes and
/// constraints do not count, nor the order of columns, nor types that mean the same where the table is not STRICT.
/// Throws Error as queries do; blocks as they do.
std::vector<SchemaDifference> schemaDiff(StatementExecutor& executor, const detail::TableFacts& mapped);

/// The same for an entity: schemaDiff<Reading>(db).
template <Mapped Entity>
std::vector<SchemaDifference> schemaDiff(StatementExecutor& executor) {
  return schemaDiff(executor, detail::TableFacts::of<Entity>());
}

}  // namespace holdfast
