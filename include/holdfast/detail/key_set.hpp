#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/condition.hpp>
#include <holdfast/detail/table_shape.hpp>

namespace holdfast::detail {

/// A list in the order of one column and then of the key, and places in it.
class KeySet {
 public:
  /// `column`: empty for the key alone. Throws Error{InvalidArgument} where there is none of that name.
  KeySet(const TableShape& shape, std::string_view column, bool isNullable, Order order);

  /// The columns that make a place, in their order.
  const std::vector<std::size_t>& columns() const noexcept { return columns_; }
  void appendOrder(std::string& text) const;
  /// What comes after a place. Throws Error{InvalidArgument} for a text that is no token, or one of another list.
  Condition after(std::string_view token) const;
  /// `place`: the values of columns().
  std::string token(const std::vector<Value>& place) const;

 private:
  /// The columns from that one on: ("value", "id").
  std::string names(std::size_t from) const;

  const TableShape& shape_;
  std::vector<std::size_t> columns_;
  bool isNullable_;
  Order order_;
};

}  // namespace holdfast::detail
