#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <holdfast/error.hpp>
#include <holdfast/mapping.hpp>
#include <holdfast/statement_executor.hpp>

namespace holdfast::detail {

/// The names of a mapped table, made by the compiler: what errors and texts put together at run time need.
struct TableShape {
  std::string_view name;
  std::span<const std::string_view> columns;
  std::span<const std::size_t> keys;  ///< Positions of the key's columns.
};

template <typename Entity>
class ShapeOf {
  using S = Schema<Entity>;
  static constexpr auto kColumnNames = [] {
    std::array<std::string_view, S::kColumns> names{};
    S::forEach([&]<std::size_t I>() { names[I] = S::template column<I>().name; });
    return names;
  }();
  static constexpr auto kKeys = [] {
    std::array<std::size_t, S::kKeyColumns> positions{};
    std::size_t at = 0;
    S::forEach([&]<std::size_t I>() {
      if (S::template kIsKey<I>) positions[at++] = I;
    });
    return positions;
  }();

 public:
  static constexpr TableShape value{S::table.name, kColumnNames, kKeys};
};
template <typename Entity>
inline constexpr const TableShape& kShape = ShapeOf<Entity>::value;

/// `"reading" (id=7)`. `row`: the values of the key, or of all columns; fewer are a row without a known key. Integers
/// and UUIDs are shown, texts shortened, of other values the type.
std::string describeRow(const TableShape& shape, std::span<const ValueView> row);
/// For an error that was met while a row was read: adds which one, where its key can be read.
void addRowRead(Error& error, const TableShape& shape, const RowView& row);
/// For an error that was met while the value for a column was made ready.
void addColumnBound(Error& error, const TableShape& shape, std::size_t column, std::span<const ValueView> row);
/// For an error that was met at one of many entities.
void addEntityNumber(Error& error, const TableShape& shape, std::size_t number, std::span<const ValueView> row);

}  // namespace holdfast::detail
