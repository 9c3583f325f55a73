#include <holdfast/statement_executor.hpp>

#include <string>

#include <sqlite3.h>

#include <holdfast/error.hpp>

#include "connection/row_reading.hpp"

namespace holdfast {
namespace {

// The values of one call, seen as views: on the stack for ordinary statements.
template <typename Call>
auto withViews(std::span<const Value> values, Call call) {
  constexpr std::size_t kOnStack = 16;
  if (values.size() <= kOnStack) {
    std::array<ValueView, kOnStack> views;
    for (std::size_t i = 0; i < values.size(); ++i) views[i] = values[i].view();
    return call(std::span<const ValueView>(views.data(), values.size()));
  }
  std::vector<ValueView> views;
  views.reserve(values.size());
  for (const Value& value : values) views.push_back(value.view());
  return call(std::span<const ValueView>(views));
}

constexpr std::size_t kMostColumns = 32767;  // SQLITE_LIMIT_COLUMN cannot be raised further.

}  // namespace

std::size_t RowView::size() const noexcept { return static_cast<std::size_t>(sqlite3_column_count(statement_)); }

std::string_view RowView::columnName(std::size_t column) const {
  const char* name = sqlite3_column_name(statement_, static_cast<int>(column));
  return name == nullptr ? std::string_view() : std::string_view(name);
}

ValueView RowView::at(std::size_t column) const {
  const int index = column <= kMostColumns ? static_cast<int>(column) : -1;
  switch (sqlite3_column_type(statement_, index)) {
    case SQLITE_INTEGER: return ValueView(static_cast<std::int64_t>(sqlite3_column_int64(statement_, index)));
    case SQLITE_FLOAT: return ValueView(sqlite3_column_double(statement_, index));
    case SQLITE_TEXT: {
      const unsigned char* text = sqlite3_column_text(statement_, index);
      // An overflow blob or text is assembled in memory when it is read, and only that can fail.
      if (text == nullptr) throw Error(ErrorCode::MemoryLimit, "no memory to read a text column");
      return ValueView(std::string_view(reinterpret_cast<const char*>(text),
                                        static_cast<std::size_t>(sqlite3_column_bytes(statement_, index))));
    }
    case SQLITE_BLOB: {
      const void* bytes = sqlite3_column_blob(statement_, index);
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, index));
      if (bytes == nullptr && size > 0) throw Error(ErrorCode::MemoryLimit, "no memory to read a blob column");
      return ValueView(BlobView(static_cast<const std::byte*>(bytes), size));
    }
    default: break;
  }
  // SQLite says NULL also where there is no such column.
  if (column < static_cast<std::size_t>(sqlite3_data_count(statement_))) return ValueView();
  throw Error(ErrorCode::InvalidArgument,
              "the result has no column " + std::to_string(column) + ": it has " + std::to_string(size()));
}

RunResult StatementExecutor::run(const Sql& sql, std::span<const Value> values) {
  return withViews(values, [&](std::span<const ValueView> views) { return runBound(sql, views); });
}

Rows StatementExecutor::query(const Sql& sql, std::span<const Value> values) {
  return withViews(values, [&](std::span<const ValueView> views) { return queryBound(sql, views); });
}

std::optional<Row> StatementExecutor::queryOne(const Sql& sql, std::span<const Value> values) {
  return withViews(values, [&](std::span<const ValueView> views) { return queryOneBound(sql, views); });
}

void StatementExecutor::visitValues(const Sql& sql, std::span<const Value> values, detail::RowVisitor visit) {
  withViews(values, [&](std::span<const ValueView> views) { visitBound(sql, views, visit); });
}

std::optional<Row> StatementExecutor::queryOneBound(const Sql& sql, std::span<const ValueView> values) {
  std::optional<Row> result;
  auto take = [&result](const RowView& row) {
    result.emplace(readColumnNames(row), readValues(row));
    return false;
  };
  visitBound(sql, values, detail::RowVisitor(take));
  return result;
}

}  // namespace holdfast
