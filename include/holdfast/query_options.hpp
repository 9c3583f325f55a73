#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include <holdfast/field.hpp>
#include <holdfast/include.hpp>

namespace holdfast {

class Transaction;

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

/// A mapped member, by its column: `{&Reading::id, &Reading::value}`. Throws Error{InvalidArgument} where it is not
/// mapped.
template <typename Entity>
class ColumnOf {
 public:
  template <typename Member>
  ColumnOf(Member Entity::*member) : position_(detail::positionOf(member)) {}
  std::size_t position() const noexcept { return position_; }

 private:
  std::size_t position_;
};

/// What findMany(), findOne(), forEach() and stream() read. count() looks at `where`, `transaction` and `timeout`.
template <typename Entity>
struct QueryOptions {
  /// Only these columns are read, and the key; the other members are as in a default entity. Empty: all.
  std::vector<ColumnOf<Entity>> select = {};
  Where<Entity> where = {};
  std::vector<Ordering<Entity>> orderBy = {};
  /// The most rows; nothing: all.
  std::optional<std::int64_t> limit = {};
  /// Rows left out at the beginning. They are read nevertheless: page() does without.
  std::int64_t offset = 0;
  /// Relations to load, each by one query more, on the same view of the database. Not for forEach() and stream(), which
  /// hold one row at a time: Error{InvalidArgument}.
  std::vector<Include<Entity>> include = {};
  /// The query runs in it, as that of in(*transaction) would. Null: on a handle of its own.
  Transaction* transaction = nullptr;
  /// For the whole query; nothing: the repository's queryTimeout. In a transaction that one's own counts.
  std::optional<std::chrono::milliseconds> timeout = {};
};

/// What findById() reads.
template <typename Entity>
struct FindOptions {
  std::vector<ColumnOf<Entity>> select = {};
  std::vector<Include<Entity>> include = {};
  Transaction* transaction = nullptr;
  std::optional<std::chrono::milliseconds> timeout = {};
};

}  // namespace holdfast
