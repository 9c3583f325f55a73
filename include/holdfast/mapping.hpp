#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <holdfast/column.hpp>
#include <holdfast/detail/schema.hpp>

namespace holdfast {

/// An index over several columns, by their names.
template <std::size_t N>
struct Index {
  std::string_view columns[N];
  bool isUnique = false;
  constexpr Index unique() const {
    Index changed = *this;
    changed.isUnique = true;
    return changed;
  }
};
template <std::convertible_to<std::string_view>... Names>
constexpr Index<sizeof...(Names)> index(const Names&... names) {
  return {{std::string_view(names)...}};
}

namespace detail {

template <typename T>
inline constexpr bool kIsColumn = false;
template <typename E, typename M>
inline constexpr bool kIsColumn<Column<E, M>> = true;
template <typename T>
inline constexpr bool kIsIndex = false;
template <std::size_t N>
inline constexpr bool kIsIndex<Index<N>> = true;

template <typename... Parts>
constexpr auto columnsOf(const std::tuple<Parts...>& parts) {
  return std::apply(
      [](const auto&... part) {
        return std::tuple_cat([&] {
          if constexpr (kIsColumn<std::remove_cvref_t<decltype(part)>>)
            return std::tuple(part);
          else
            return std::tuple<>();
        }()...);
      },
      parts);
}

template <typename... Parts>
constexpr auto indexesOf(const std::tuple<Parts...>& parts) {
  return std::apply(
      [](const auto&... part) {
        return std::tuple_cat([&] {
          if constexpr (kIsIndex<std::remove_cvref_t<decltype(part)>>)
            return std::tuple(part);
          else
            return std::tuple<>();
        }()...);
      },
      parts);
}

}  // namespace detail

template <typename EntityT, typename Columns, typename Indexes>
struct Table {
  using Entity = EntityT;

  std::string_view name;
  Columns columns;
  Indexes indexes;
  bool isStrict = true;
  bool hasRowId = true;

  /// Columns take values of any type, as SQLite does by itself.
  constexpr Table notStrict() const {
    Table changed = *this;
    changed.isStrict = false;
    return changed;
  }
  /// Rows lie in the order of the key: less space and one lookup less for keys that are no integers.
  constexpr Table withoutRowId() const {
    Table changed = *this;
    changed.hasRowId = false;
    return changed;
  }
};

template <typename Entity, typename... Parts>
constexpr auto table(std::string_view name, const Parts&... parts) {
  static_assert(((detail::kIsColumn<Parts> || detail::kIsIndex<Parts>)&&...),
                "holdfast: a table is made of primaryKey(), column() and index()");
  const std::tuple<Parts...> all(parts...);
  const auto columns = detail::columnsOf(all);
  const auto indexes = detail::indexesOf(all);
  return Table<Entity, std::remove_const_t<decltype(columns)>, std::remove_const_t<decltype(indexes)>>{name, columns,
                                                                                                       indexes};
}

}  // namespace holdfast
