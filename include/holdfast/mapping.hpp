#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <holdfast/column.hpp>
#include <holdfast/detail/schema.hpp>
#include <holdfast/relation.hpp>

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

/// The parts that `Wanted` takes, in their order.
template <typename Wanted, typename... Parts>
constexpr auto partsOf(Wanted wanted, const Parts&... parts) {
  return std::tuple_cat([&] {
    if constexpr (wanted.template operator()<Parts>())
      return std::tuple(parts);
    else
      return std::tuple<>();
  }()...);
}

}  // namespace detail

template <typename EntityT, typename Columns, typename Indexes, typename Relations>
struct Table {
  using Entity = EntityT;

  std::string_view name;
  Columns columns;
  Indexes indexes;
  Relations relations;
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
  static_assert(((detail::kIsColumn<Parts> || detail::kIsIndex<Parts> || detail::kIsRelation<Parts>)&&...),
                "holdfast: a table is made of primaryKey(), column(), index() and relations");
  const auto columns = detail::partsOf([]<typename T>() { return detail::kIsColumn<T>; }, parts...);
  const auto indexes = detail::partsOf([]<typename T>() { return detail::kIsIndex<T>; }, parts...);
  const auto relations = detail::partsOf([]<typename T>() { return detail::kIsRelation<T>; }, parts...);
  return Table<Entity, std::remove_const_t<decltype(columns)>, std::remove_const_t<decltype(indexes)>,
               std::remove_const_t<decltype(relations)>>{name, columns, indexes, relations};
}

}  // namespace holdfast
