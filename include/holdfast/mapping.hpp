#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <holdfast/column_type.hpp>

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

/// What a column must fulfil, besides its type. Checked before a write, and by the table itself.
struct ColumnRules {
  bool primaryKey = false;
  bool notNull = false;  ///< Said, or because the member cannot hold NULL.
  bool unique = false;
  bool indexed = false;
  std::size_t maxLength = 0;  ///< Characters of a text, bytes of a blob; 0: any.
  bool hasRange = false;
  double minimum = 0;
  double maximum = 0;
  std::string_view pattern = {};       ///< As GLOB takes it; empty: any.
  std::string_view defaultValue = {};  ///< An SQL literal, for rows that others insert; empty: none.
  std::string_view check = {};         ///< An SQL expression; empty: none.
  std::string_view referencedTable = {};
  std::string_view referencedColumn = {};
  std::string_view onDelete = {};  ///< "CASCADE", "SET NULL", ...; empty: NO ACTION.
};

/// One column: its name, the member that it is kept in, and its rules.
template <typename EntityT, typename MemberT>
struct Column {
  using Entity = EntityT;
  using Member = MemberT;

  std::string_view name;
  Member Entity::*member;
  ColumnRules rules = {};

  constexpr Column notNull() const {
    return with([](ColumnRules& r) { r.notNull = true; });
  }
  constexpr Column unique() const {
    return with([](ColumnRules& r) { r.unique = true; });
  }
  constexpr Column indexed() const {
    return with([](ColumnRules& r) { r.indexed = true; });
  }
  constexpr Column maxLength(std::size_t length) const {
    static_assert(ColumnType<Member>::kind == ColumnKind::Text || ColumnType<Member>::kind == ColumnKind::Bytes,
                  "holdfast: maxLength() is for text and blobs");
    return with([length](ColumnRules& r) { r.maxLength = length; });
  }
  /// Both ends belong to it.
  constexpr Column range(double minimum, double maximum) const {
    static_assert(ColumnType<Member>::kind == ColumnKind::Integer || ColumnType<Member>::kind == ColumnKind::Real,
                  "holdfast: range() is for numbers");
    return with([minimum, maximum](ColumnRules& r) {
      r.hasRange = true;
      r.minimum = minimum;
      r.maximum = maximum;
    });
  }
  constexpr Column pattern(std::string_view glob) const {
    static_assert(ColumnType<Member>::kind == ColumnKind::Text, "holdfast: pattern() is for text");
    return with([glob](ColumnRules& r) { r.pattern = glob; });
  }
  constexpr Column defaultValue(std::string_view sqlLiteral) const {
    return with([sqlLiteral](ColumnRules& r) { r.defaultValue = sqlLiteral; });
  }
  constexpr Column check(std::string_view sqlExpression) const {
    return with([sqlExpression](ColumnRules& r) { r.check = sqlExpression; });
  }
  constexpr Column references(std::string_view table, std::string_view column, std::string_view onDelete = {}) const {
    return with([=](ColumnRules& r) {
      r.referencedTable = table;
      r.referencedColumn = column;
      r.onDelete = onDelete;
    });
  }

 private:
  template <typename F>
  constexpr Column with(F change) const {
    Column changed = *this;
    change(changed.rules);
    return changed;
  }
};

template <typename Entity, typename Member>
constexpr Column<Entity, Member> column(std::string_view name, Member Entity::*member) {
  static_assert(Storable<Member>,
                "holdfast: the type of this member cannot be kept in a column: specialise ColumnType");
  Column<Entity, Member> made{name, member};
  made.rules.notNull = !ColumnType<Member>::nullable;
  return made;
}

/// Several of them make a key of several columns.
template <typename Entity, typename Member>
constexpr Column<Entity, Member> primaryKey(std::string_view name, Member Entity::*member) {
  static_assert(!ColumnType<Member>::nullable, "holdfast: a primary key cannot be optional");
  Column<Entity, Member> made = column(name, member);
  made.rules.primaryKey = true;
  return made;
}

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

/// The parts of a kind, in their order.
template <template <typename> typename, typename...>
struct Select;

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
  static constexpr bool namesDiffer() {
    bool differ = true;
    forEach([&]<std::size_t I>() {
      forEach([&]<std::size_t J>() {
        if constexpr (I < J) differ = differ && column<I>().name != column<J>().name;
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

}  // namespace detail

/// The type of an entity's key: that of the member, or a tuple where there are several.
template <typename Entity>
using KeyOf = typename detail::KeyType<Entity, std::make_index_sequence<detail::Schema<Entity>::kColumns>>::Type;

}  // namespace holdfast
