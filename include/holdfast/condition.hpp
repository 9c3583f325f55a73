#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <holdfast/expression.hpp>
#include <holdfast/value.hpp>

namespace holdfast {

enum class Operator : std::uint8_t { Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, Like, Glob };
enum class Order : std::uint8_t { Ascending, Descending };

/// What rows must fulfil: text with placeholders and the values for them. Names are quoted, values always bound.
/// A default one is fulfilled by every row.
///
/// As in SQL, a comparison with NULL is neither true nor false: `name == nullptr` finds nothing, and so is Error
/// {InvalidArgument}; ask isNull().
class Condition {
 public:
  Condition() = default;

  /// Throws Error{InvalidArgument} for an empty name, a name with a NUL character, and a NULL value.
  static Condition compare(std::string_view column, Operator op, Value value);
  static Condition between(std::string_view column, Value low, Value high);
  static Condition isNull(std::string_view column);
  static Condition isNotNull(std::string_view column);
  /// One of any number of values. No values: no row. Numbers with a fraction, and blobs: at most kMostListed of them;
  /// more is Error{InvalidArgument}.
  static Condition in(std::string_view column, std::vector<Value> values);
  static constexpr std::size_t kMostListed = 32'000;
  /// The same of an expression, or of a column of one of several tables: Expression::column("reading", "sensor").
  static Condition compare(Expression left, Operator op, Value value);
  static Condition compare(Expression left, Operator op, Expression right);
  static Condition between(Expression tested, Value low, Value high);
  static Condition isNull(Expression tested);
  static Condition isNotNull(Expression tested);
  static Condition in(Expression tested, std::vector<Value> values);
  /// Text of the caller's own, and the values for its placeholders.
  static Condition raw(std::string_view text, std::vector<Value> values = {});

  friend Condition operator&&(Condition a, Condition b) { return join(std::move(a), " AND ", std::move(b)); }
  friend Condition operator||(Condition a, Condition b) { return join(std::move(a), " OR ", std::move(b)); }
  friend Condition operator!(Condition condition);

  bool empty() const noexcept { return text_.empty(); }
  const std::string& text() const noexcept { return text_; }
  std::span<const Value> values() const noexcept { return values_; }

 private:
  Condition(std::string text, std::vector<Value> values) noexcept
      : text_(std::move(text)), values_(std::move(values)) {}
  static Condition join(Condition a, std::string_view word, Condition b);

  std::string text_;
  std::vector<Value> values_;
};

}  // namespace holdfast
