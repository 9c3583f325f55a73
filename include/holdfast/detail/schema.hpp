#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <holdfast/column.hpp>

namespace holdfast {

/// How an entity, any plain struct, is kept in a table. A program specialises it for its own:
///
///   template <>
///   struct holdfast::Mapping<Reading> {
///     static constexpr auto table = holdfast::table<Reading>(
///         "reading", primaryKey("id", &Reading::id),
///         column("sensor", &Reading::sensor).notNull().maxLength(64).indexed());
///   };
///
/// Mistakes in it are errors of the compiler.
template <typename Entity>
struct Mapping;

/// An entity whose mapping is right. What is wrong with another one, the compiler says in words.
template <typename Entity>
concept Mapped = requires { Mapping<Entity>::table; };

namespace detail {

/// What is known about a mapped entity at compile time.
template <typename Entity>
struct Schema {
  static_assert(Mapped<Entity>, "holdfast: the entity has no mapping: specialise holdfast::Mapping for it");
  static constexpr const auto& table = Mapping<Entity>::table;
  static constexpr std::size_t kColumns = std::tuple_size_v<std::remove_cvref_t<decltype(table.columns)>>;

  template <std::size_t I>
  static constexpr const auto& column() noexcept {
    return std::get<I>(table.columns);
  }
  template <std::size_t I>
  using Member = typename std::remove_cvref_t<decltype(std::get<I>(table.columns))>::Member;

  /// Calls visit.template operator()<I>() for each column.
  template <typename F>
  static constexpr void forEach(F&& visit) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (visit.template operator()<I>(), ...);
    }(std::make_index_sequence<kColumns>());
  }

  static constexpr std::size_t kKeyColumns = [] {
    std::size_t count = 0;
    forEach([&]<std::size_t I>() { count += column<I>().rules.primaryKey ? 1 : 0; });
    return count;
  }();
  template <std::size_t I>
  static constexpr bool kIsKey = column<I>().rules.primaryKey;

  static constexpr bool namesAreGood() {
    bool good = !table.name.empty();
    forEach([&]<std::size_t I>() {
      good = good && !column<I>().name.empty() && column<I>().name.find('\0') == std::string_view::npos;
    });
    return good;
  }
  /// As SQLite compares names: ASCII letters in either case are the same.
  static constexpr bool sameName(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    bool same = a.size() == b.size();
    for (std::size_t i = 0; same && i < a.size(); ++i) same = lower(a[i]) == lower(b[i]);
    return same;
  }
  static constexpr bool namesDiffer() {
    bool differ = true;
    forEach([&]<std::size_t I>() {
      forEach([&]<std::size_t J>() {
        if constexpr (I < J) differ = differ && !sameName(column<I>().name, column<J>().name);
      });
    });
    return differ;
  }
  static constexpr bool membersDiffer() {
    bool differ = true;
    forEach([&]<std::size_t I>() {
      forEach([&]<std::size_t J>() {
        if constexpr (I < J && std::is_same_v<Member<I>, Member<J>>) {
          differ = differ && column<I>().member != column<J>().member;
        }
      });
    });
    return differ;
  }
  static_assert(kColumns > 0, "holdfast: the mapping has no columns");
  static_assert(kKeyColumns > 0, "holdfast: the mapping has no primaryKey()");
  static_assert(namesAreGood(), "holdfast: a table or column has no name");
  static_assert(namesDiffer(), "holdfast: two columns have the same name");
  static_assert(membersDiffer(), "holdfast: a member is mapped to two columns");

  /// The position of the first key column.
  static constexpr std::size_t kKey = [] {
    std::size_t at = kColumns;
    forEach([&]<std::size_t I>() {
      if (kIsKey<I> && at == kColumns) at = I;
    });
    return at;
  }();
  /// One integer key, for which SQLite finds a value where none is given.
  static constexpr bool kHasRowIdKey =
      kKeyColumns == 1 && table.hasRowId && std::is_integral_v<Member<kKey>> && !std::is_same_v<Member<kKey>, bool>;

  /// The column that a member is kept in; kColumns where there is none.
  template <typename M>
  static constexpr std::size_t positionOf(M Entity::*member) noexcept {
    std::size_t at = kColumns;
    forEach([&]<std::size_t I>() {
      if constexpr (std::is_same_v<M, Member<I>>) {
        if (column<I>().member == member) at = I;
      }
    });
    return at;
  }
  static constexpr std::string_view nameAt(std::size_t position) noexcept {
    std::string_view name;
    forEach([&]<std::size_t I>() {
      if (I == position) name = column<I>().name;
    });
    return name;
  }
};

template <typename Entity, typename Positions>
struct KeyType;
template <typename Entity, std::size_t... I>
struct KeyType<Entity, std::index_sequence<I...>> {
  template <std::size_t J>
  static auto part() {
    if constexpr (Schema<Entity>::template kIsKey<J>)
      return std::tuple<typename Schema<Entity>::template Member<J>>();
    else
      return std::tuple<>();
  }
  using Tuple = decltype(std::tuple_cat(part<I>()...));
  template <typename T>
  struct Single {
    using Type = T;
  };
  template <typename T>
  struct Single<std::tuple<T>> {
    using Type = T;
  };
  using Type = typename Single<Tuple>::Type;
};

/// The members of the key, also where it is one.
template <typename Entity>
using KeyTuple = typename KeyType<Entity, std::make_index_sequence<Schema<Entity>::kColumns>>::Tuple;

}  // namespace detail

/// The type of an entity's key: that of the member, or a tuple where there are several.
template <typename Entity>
using KeyOf = typename detail::KeyType<Entity, std::make_index_sequence<detail::Schema<Entity>::kColumns>>::Type;

}  // namespace holdfast
