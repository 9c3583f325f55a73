#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <holdfast/sql.hpp>

namespace bench {

/// What the operations of the load are. Those up to WideJoin are one statement each, the same for every side.
enum class Kind : std::uint8_t {
  Read,        ///< A row by its key.
  RangeScan,   ///< 2000 rows by their keys.
  Update,      ///< A row, durably.
  Sort,        ///< 2000 rows with their payloads by a column without an index: 2 MiB go through the sorter.
  LargeRead,   ///< A row of 64 KiB.
  LargeWrite,  ///< The same, durably.
  Join,        ///< 2000 rows with themselves, over a table and an index that SQLite makes for it: 4 MiB.
  FullScan,    ///< All rows with their payloads.
  TopSort,     ///< The largest of all rows.
  Group,       ///< All rows by an expression.
  WideJoin,    ///< 20,000 rows with themselves, over a table and an index in random order that SQLite makes for it.
  HugeRead,    ///< A row that takes a large part of the budget.
  HugeWrite,
  Statement,   ///< A text not seen before.
  CachedRead,  ///< Through the cache of a repository.
  CachedList,
  Lease,
  Cycle,  ///< Something opened, used and closed.
  Fault,  ///< What has to fail, and does.
};
inline constexpr std::size_t kKinds = 19;
inline constexpr std::size_t kStatementKinds = 11;

const char* toText(Kind kind) noexcept;
constexpr std::size_t indexOf(Kind kind) noexcept { return static_cast<std::size_t>(kind); }
bool isWrite(Kind kind) noexcept;
/// Whether it goes over all rows, so that its time depends on the size of the database.
bool isWholeTable(Kind kind) noexcept;

inline constexpr std::int64_t kRowsOfRange = 2000;

/// By kind. Reads give a number and, last, what is fetched; their one parameter is the first id.
inline constexpr std::array<holdfast::Sql, kStatementKinds> kStatements{
    "SELECT value, payload FROM record WHERE id = ?",
    "SELECT value, payload FROM record WHERE id >= ? ORDER BY id LIMIT 2000",
    "UPDATE record SET version = version + 1, payload = ? WHERE id = ?",
    "SELECT value, payload FROM record WHERE id >= ?1 AND id < ?1 + 2000 ORDER BY value",
    "SELECT id, body FROM large WHERE id = ?",
    "UPDATE large SET version = version + 1, body = ? WHERE id = ?",
    "WITH part AS MATERIALIZED (SELECT id, name, payload FROM record WHERE id >= ?1 AND id < ?1 + 2000)"
    " SELECT a.id, b.payload FROM part AS a JOIN part AS b ON b.name = a.name",
    "SELECT value, payload FROM record WHERE id >= ?",
    "SELECT value, name FROM record WHERE id >= ? ORDER BY value DESC LIMIT 100",
    "SELECT count(*), max(name) FROM record WHERE id >= ? GROUP BY value % 1000",
    "WITH part AS MATERIALIZED (SELECT id, value, name FROM record WHERE id >= ? LIMIT 20000)"
    " SELECT a.id, b.name FROM part AS a JOIN part AS b ON b.value = a.value"};

constexpr const holdfast::Sql& sqlOf(Kind kind) { return kStatements[indexOf(kind)]; }

/// What a read saw.
struct Seen {
  std::int64_t rows = 0;
  std::size_t bytes = 0;
  std::int64_t sum = 0;  ///< Of the first column.
};

}  // namespace bench
