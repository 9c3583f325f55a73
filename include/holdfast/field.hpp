#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <holdfast/condition.hpp>
#include <holdfast/mapping.hpp>

namespace holdfast {

/// A condition on the rows of an entity.
template <typename Entity>
class Where {
 public:
  Where() = default;
  explicit Where(Condition condition) noexcept : condition_(std::move(condition)) {}
  const Condition& condition() const noexcept { return condition_; }
  friend Where operator&&(Where a, Where b) { return Where(std::move(a.condition_) && std::move(b.condition_)); }
  friend Where operator||(Where a, Where b) { return Where(std::move(a.condition_) || std::move(b.condition_)); }
  friend Where operator!(Where a) { return Where(!std::move(a.condition_)); }

 private:
  Condition condition_;
};

/// For updateMany() and removeMany(), which refuse an empty condition: every row is meant.
template <typename Entity>
Where<Entity> everyRow() {
  return Where<Entity>(Condition::raw("1"));
}

namespace detail {

/// A value as the column of a member keeps it.
template <typename Member>
Value storedValue(const Member& value) {
  typename ColumnType<Member>::Buffer buffer;
  return Value(ColumnType<Member>::bind(value, buffer));
}
template <typename T>
struct Inner {
  using Type = T;
};
template <typename T>
struct Inner<std::optional<T>> {
  using Type = T;
};

[[noreturn]] void throwUnmapped(std::string_view table);
[[noreturn]] void throwNoRelation(std::string_view table);

/// The column of a member. Throws Error{InvalidArgument} where it is not mapped.
template <typename Entity, typename Member>
std::size_t positionOf(Member Entity::*member) {
  const std::size_t position = Schema<Entity>::positionOf(member);
  if (position == Schema<Entity>::kColumns) throwUnmapped(Schema<Entity>::table.name);
  return position;
}
template <typename Entity, typename Member>
std::string_view columnOf(Member Entity::*member) {
  return Schema<Entity>::nameAt(positionOf(member));
}

}  // namespace detail

/// The column of a member, for conditions: field(&Reading::value) > 80.0.
template <typename Entity, typename Member>
class Field {
 public:
  using Operand = typename detail::Inner<Member>::Type;

  explicit Field(Member Entity::*member) : name_(detail::columnOf(member)) {}

  Where<Entity> isNull() const { return Where<Entity>(Condition::isNull(name_)); }
  Where<Entity> isNotNull() const { return Where<Entity>(Condition::isNotNull(name_)); }
  Where<Entity> between(const Operand& low, const Operand& high) const {
    return Where<Entity>(Condition::between(name_, detail::storedValue(low), detail::storedValue(high)));
  }
  /// One of any number of values.
  Where<Entity> in(std::span<const Operand> values) const {
    std::vector<Value> stored;
    stored.reserve(values.size());
    for (const Operand& value : values) stored.push_back(detail::storedValue(value));
    return Where<Entity>(Condition::in(name_, std::move(stored)));
  }
  Where<Entity> in(std::initializer_list<Operand> values) const { return in(std::span(values.begin(), values.size())); }
  /// `%` for any characters, `_` for one; ASCII letters in either case.
  Where<Entity> like(std::string_view pattern) const
    requires(ColumnType<Operand>::kind == ColumnKind::Text)
  {
    return Where<Entity>(Condition::compare(name_, Operator::Like, std::string(pattern)));
  }

  friend Where<Entity> operator==(const Field& field, const Operand& value) {
    return field.compare(Operator::Equal, value);
  }
  friend Where<Entity> operator!=(const Field& field, const Operand& value) {
    return field.compare(Operator::NotEqual, value);
  }
  friend Where<Entity> operator<(const Field& field, const Operand& value) {
    return field.compare(Operator::Less, value);
  }
  friend Where<Entity> operator<=(const Field& field, const Operand& value) {
    return field.compare(Operator::LessOrEqual, value);
  }
  friend Where<Entity> operator>(const Field& field, const Operand& value) {
    return field.compare(Operator::Greater, value);
  }
  friend Where<Entity> operator>=(const Field& field, const Operand& value) {
    return field.compare(Operator::GreaterOrEqual, value);
  }

 private:
  Where<Entity> compare(Operator op, const Operand& value) const {
    return Where<Entity>(Condition::compare(name_, op, detail::storedValue(value)));
  }
  std::string_view name_;
};

template <typename Entity, typename Member>
Field<Entity, Member> field(Member Entity::*member) {
  return Field<Entity, Member>(member);
}

}  // namespace holdfast
