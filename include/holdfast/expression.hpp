#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <holdfast/value.hpp>

namespace holdfast {

/// A piece of SQL that stands for a value: a column, whose name is quoted, or text of the caller's own, which is
/// visible in the program as raw() or as a literal: "avg(value)"_expr. What comes from outside never belongs into the
/// text: it is given as a value for a placeholder.
class Expression {
 public:
  /// Throws Error{InvalidArgument} for an empty name and for one with a NUL character. A dot is a part of the name.
  static Expression column(std::string_view name);
  /// The column of one of several tables, by the table's name or its alias. "*" is all of them.
  static Expression column(std::string_view table, std::string_view name);
  /// Text as it is, and the values for its placeholders.
  static Expression raw(std::string_view text, std::vector<Value> values = {});

  /// What the result calls it.
  Expression as(std::string_view name) &&;
  Expression as(std::string_view name) const&;

  const std::string& text() const noexcept { return text_; }
  std::span<const Value> values() const noexcept { return values_; }
  /// Empty: not said.
  const std::string& alias() const noexcept { return alias_; }
  /// Of one column: its name, without the table's. Empty for all columns and for text of the caller's own.
  const std::string& columnName() const noexcept { return columnName_; }
  /// Text and values, moved out. Text of the caller's own is in parentheses, so that it stays one thing.
  std::pair<std::string, std::vector<Value>> parts() && {
    if (isOwnText_) text_.insert(0, 1, '(').push_back(')');
    return {std::move(text_), std::move(values_)};
  }

 private:
  Expression(std::string text, std::vector<Value> values, bool isOwnText) noexcept
      : text_(std::move(text)), values_(std::move(values)), isOwnText_(isOwnText) {}

  std::string text_;
  std::vector<Value> values_;
  std::string alias_;
  std::string columnName_;
  bool isOwnText_ = false;
};

inline namespace literals {

/// Text of the program's own as an expression: "avg(value)"_expr.
inline Expression operator""_expr(const char* text, std::size_t size) {
  return Expression::raw(std::string_view(text, size));
}

}  // namespace literals
}  // namespace holdfast
