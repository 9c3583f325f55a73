#include <holdfast/statement_executor.hpp>

#include <algorithm>
#include <memory>
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

// Text in another encoding is converted when it is read, and long content is put together.
[[noreturn]] void throwNoMemory() { throw Error(ErrorCode::MemoryLimit, "no memory to read a text or blob column"); }

// Each sqlite3_column_...() looks the column up, takes a lock and looks for errors: done once, not up to three times.
// Reading an unprotected value is safe where one thread at a time uses the handle, and that is what a lease is.
[[gnu::always_inline]] inline ValueView viewOf(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER: return ValueView(static_cast<std::int64_t>(sqlite3_value_int64(value)));
    case SQLITE_FLOAT: return ValueView(sqlite3_value_double(value));
    case SQLITE_TEXT: {
      const unsigned char* text = sqlite3_value_text(value);
      if (text == nullptr) throwNoMemory();
      return ValueView(
          std::string_view(reinterpret_cast<const char*>(text), static_cast<std::size_t>(sqlite3_value_bytes(value))));
    }
    case SQLITE_BLOB: {
      const void* bytes = sqlite3_value_blob(value);
      const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
      if (bytes == nullptr && size > 0) throwNoMemory();
      return ValueView(BlobView(static_cast<const std::byte*>(bytes), size));
    }
    default: return {};
  }
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
  const ValueView value = viewOf(sqlite3_column_value(statement_, index));
  // SQLite says NULL also where there is no such column.
  if (value.isNull() && column >= static_cast<std::size_t>(sqlite3_data_count(statement_))) throwNoColumn(column);
  return value;
}

void RowView::read(std::span<ValueView> values) const {
  sqlite3_value* const first = sqlite3_column_value(statement_, 0);
  // The columns of a row are side by side: where the first one is what it was, so are the others.
  if (kept_ == 0 || first != columns_[0] || values.size() > kept_) keepColumns(first, values.size());
  const std::size_t kept = std::min(values.size(), kept_);
  for (std::size_t i = 0; i < kept; ++i) std::construct_at(&values[i], viewOf(columns_[i]));
  for (std::size_t i = kept; i < values.size(); ++i) {
    std::construct_at(&values[i], viewOf(sqlite3_column_value(statement_, static_cast<int>(i))));
  }
}

void RowView::keepColumns(sqlite3_value* first, std::size_t count) const {
  if (count > static_cast<std::size_t>(sqlite3_data_count(statement_))) throwNoColumn(count - 1);
  kept_ = std::min(count, kKept);
  columns_[0] = first;
  for (std::size_t i = 1; i < kept_; ++i) columns_[i] = sqlite3_column_value(statement_, static_cast<int>(i));
}

void RowView::throwNoColumn(std::size_t column) const {
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
