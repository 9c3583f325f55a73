#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <holdfast/detail/repository_core.hpp>
#include <holdfast/field.hpp>

namespace holdfast {

/// One value computed from many rows, for BaseRepository::aggregate() and aggregateBy(). As in SQL, rows where the
/// column is NULL do not count; what has nothing to compute from is nothing.
template <typename EntityT, typename ResultT>
struct Aggregate {
  using Entity = EntityT;
  using Result = ResultT;
  std::string_view function;  ///< SQL's, up to the column: "max(".
  std::string_view column;    ///< Empty: rows.
};

namespace detail {

template <typename Member>
using Operand = typename Inner<Member>::Type;
template <typename Member>
inline constexpr bool kIsNumber =
    ColumnType<Member>::kind == ColumnKind::Integer || ColumnType<Member>::kind == ColumnKind::Real;
/// Durations add up to durations, integers to the widest integer.
template <typename Member>
using SumOf =
    std::conditional_t<Duration<Operand<Member>>, Operand<Member>,
                       std::conditional_t<ColumnType<Member>::kind == ColumnKind::Real, double, std::int64_t>>;

}  // namespace detail

/// An Error from aggregate() where integers add up to more than 64 bits hold.
template <typename Entity, typename Member>
Aggregate<Entity, std::optional<detail::SumOf<Member>>> sum(Member Entity::*member) {
  static_assert(detail::kIsNumber<Member>, "holdfast: sum() is for numbers and durations");
  return {"sum(", detail::columnOf(member)};
}
template <typename Entity, typename Member>
Aggregate<Entity, std::optional<double>> average(Member Entity::*member) {
  static_assert(detail::kIsNumber<Member>, "holdfast: average() is for numbers; of a duration it is that of its count");
  return {"avg(", detail::columnOf(member)};
}
template <typename Entity, typename Member>
Aggregate<Entity, std::optional<detail::Operand<Member>>> minimum(Member Entity::*member) {
  return {"min(", detail::columnOf(member)};
}
template <typename Entity, typename Member>
Aggregate<Entity, std::optional<detail::Operand<Member>>> maximum(Member Entity::*member) {
  return {"max(", detail::columnOf(member)};
}
/// Rows where the column is not NULL.
template <typename Entity, typename Member>
Aggregate<Entity, std::int64_t> count(Member Entity::*member) {
  return {"count(", detail::columnOf(member)};
}
/// Different values, NULL not counted.
template <typename Entity, typename Member>
Aggregate<Entity, std::int64_t> countDistinct(Member Entity::*member) {
  return {"count(DISTINCT ", detail::columnOf(member)};
}
/// Rows.
template <typename Entity>
Aggregate<Entity, std::int64_t> countRows() {
  return {"count(", {}};
}

namespace detail {

/// What an aggregate, or a tuple of them, is of one entity, and what comes out of it.
template <typename Wanted>
struct AggregateTraits;
template <typename E, typename R>
struct AggregateTraits<Aggregate<E, R>> {
  using Entity = E;
  using Result = R;
  static constexpr bool kOneEntity = true;
};
template <typename First, typename... Rest>
struct AggregateTraits<std::tuple<First, Rest...>> {
  using Entity = typename First::Entity;
  using Result = std::tuple<typename First::Result, typename Rest::Result...>;
  static constexpr bool kOneEntity = (std::is_same_v<Entity, typename Rest::Entity> && ...);
};

/// An Aggregate of the entity, or a std::tuple of several.
template <typename Wanted, typename Entity>
concept AggregateOf =
    AggregateTraits<Wanted>::kOneEntity && std::same_as<typename AggregateTraits<Wanted>::Entity, Entity>;

void appendAggregate(std::string& text, std::string_view function, std::string_view column, bool first);
void appendGroup(std::string& text, std::string_view word, std::string_view column);

template <typename E, typename R>
void appendAggregates(std::string& text, const Aggregate<E, R>& wanted, bool first) {
  appendAggregate(text, wanted.function, wanted.column, first);
}
template <typename... Wanted>
void appendAggregates(std::string& text, const std::tuple<Wanted...>& wanted, bool first) {
  std::apply([&](const auto&... one) { ((appendAggregates(text, one, first), first = false), ...); }, wanted);
}

/// Reads what appendAggregates() asked for, from a column on.
template <typename E, typename R>
R readAggregates(const RowView& row, const Aggregate<E, R>& wanted, std::size_t column) {
  R result{};
  ColumnType<R>::read(row.at(column), wanted.column, result);
  return result;
}
template <typename... Wanted>
auto readAggregates(const RowView& row, const std::tuple<Wanted...>& wanted, std::size_t column) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::tuple<typename Wanted::Result...>{readAggregates(row, std::get<I>(wanted), column + I)...};
  }(std::index_sequence_for<Wanted...>());
}

}  // namespace detail
}  // namespace holdfast
