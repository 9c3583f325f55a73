#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include <holdfast/field.hpp>

namespace holdfast {

/// A column and the direction to sort it in.
template <typename Entity>
struct Ordering {
  std::string_view column;
  Order order = Order::Ascending;
};
template <typename Entity, typename Member>
Ordering<Entity> ascending(Member Entity::*member) {
  return {detail::columnOf(member), Order::Ascending};
}
template <typename Entity, typename Member>
Ordering<Entity> descending(Member Entity::*member) {
  return {detail::columnOf(member), Order::Descending};
}

/// A new value for a column.
template <typename Entity>
struct Assignment {
  std::string_view column;
  Value value;
};
template <typename Entity, typename Member>
Assignment<Entity> set(Member Entity::*member, const std::type_identity_t<Member>& value) {
  return {detail::columnOf(member), detail::storedValue(value)};
}

template <typename Entity>
struct QueryOptions {
  Where<Entity> where = {};
  std::vector<Ordering<Entity>> orderBy = {};
  std::optional<std::int64_t> limit = {};
  std::int64_t offset = 0;
  /// Nothing: the repository's queryTimeout.
  std::optional<std::chrono::milliseconds> timeout = {};
};

}  // namespace holdfast
