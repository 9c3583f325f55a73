#include <holdfast/detail/table_shape.hpp>

#include <algorithm>

#include <holdfast/uuid.hpp>

#include "core/out_of_memory.hpp"
#include "core/text.hpp"
#include "query/identifier.hpp"

namespace holdfast::detail {
namespace {

constexpr std::size_t kMostOfAText = 24;

std::string keyText(const ValueView& value) {
  switch (value.type()) {
    case ValueType::Integer: return std::to_string(value.integer());
    case ValueType::Text: return "'" + shorten(value.text(), kMostOfAText) + "'";
    case ValueType::Blob: break;
    case ValueType::Null:
    case ValueType::Real: return std::string(toText(value.type()));
  }
  Uuid uuid;
  if (value.blob().size() != Uuid::kSize) return "blob of " + std::to_string(value.blob().size()) + " bytes";
  std::copy(value.blob().begin(), value.blob().end(), uuid.bytes.begin());
  return uuid.text();
}

/// " (id=7)", with the value of each key column from `valueOf(name, number)`.
template <typename F>
std::string keysText(const TableShape& shape, F valueOf) {
  std::string text;
  const char* separator = " (";
  for (std::size_t number = 0; number < shape.keys.size(); ++number) {
    const std::string_view name = shape.columns[shape.keys[number]];
    text.append(separator).append(name).append("=").append(keyText(valueOf(name, number)));
    separator = ", ";
  }
  return text + ")";
}

}  // namespace

std::string describeRow(const TableShape& shape, std::span<const ValueView> row) {
  const bool isWhole = row.size() == shape.columns.size();
  if (!isWhole && row.size() != shape.keys.size()) return quotedIdentifier(shape.name);
  return quotedIdentifier(shape.name) + keysText(shape, [&](std::string_view /*name*/, std::size_t number) {
           return row[isWhole ? shape.keys[number] : number];
         });
}

void addRowRead(Error& error, const TableShape& shape, const RowView& row) {
  const auto valueOf = [&row](std::string_view name, std::size_t /*number*/) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (row.columnName(column) == name) return row.at(column);
    }
    return ValueView();
  };
  addFrameIfPossible(error, [&] {
    std::string key;
    try {
      key = keysText(shape, valueOf);
    } catch (const Error&) {
      key.clear();  // The first error is the one that matters.
    }
    return "row of " + quotedIdentifier(shape.name) + key;
  });
}

void addColumnBound(Error& error, const TableShape& shape, std::size_t column, std::span<const ValueView> row) {
  addFrameIfPossible(
      error, [&] { return "column " + quotedIdentifier(shape.columns[column]) + " of " + describeRow(shape, row); });
}

void addEntityNumber(Error& error, const TableShape& shape, std::size_t number, std::span<const ValueView> row) {
  addFrameIfPossible(error, [&] { return "entity " + std::to_string(number) + " for " + describeRow(shape, row); });
}

}  // namespace holdfast::detail
