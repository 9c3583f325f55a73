#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/value.hpp>

namespace holdfast {

using ColumnNames = std::vector<std::string>;

/// One row of a result. Owns its values: valid after the handle that read it is back in the pool. Any thread may
/// read it.
class Row {
 public:
  Row(std::shared_ptr<const ColumnNames> columns, std::vector<Value> values) noexcept;

  std::size_t size() const noexcept { return values_.size(); }
  const ColumnNames& columns() const noexcept { return *columns_; }
  /// Throws Error{InvalidArgument} where there is no such column. Names compare as written in the query.
  const Value& at(std::size_t column) const;
  const Value& at(std::string_view column) const;

  /// Reads a column as T: an integer, bool, floating-point number, std::string, Blob, Timestamp, Value or
  /// std::optional of these. Throws Error{TypeMismatch} where the stored value is something else.
  template <typename T>
  T get(std::size_t column) const {
    const Value& value = at(column);  // Checks `column` before the name is looked up.
    return detail::decode<T>(value.view(), (*columns_)[column]);
  }
  template <typename T>
  T get(std::string_view column) const {
    return detail::decode<T>(at(column).view(), column);
  }

 private:
  std::shared_ptr<const ColumnNames> columns_;
  std::vector<Value> values_;
};

/// A whole result, in memory. For results larger than fits, use forEach().
class Rows {
 public:
  Rows() = default;
  Rows(std::shared_ptr<const ColumnNames> columns, std::vector<Row> rows) noexcept;

  std::size_t size() const noexcept { return rows_.size(); }
  bool empty() const noexcept { return rows_.empty(); }
  const Row& operator[](std::size_t index) const noexcept { return rows_[index]; }
  const Row& front() const noexcept { return rows_.front(); }
  std::vector<Row>::const_iterator begin() const noexcept { return rows_.begin(); }
  std::vector<Row>::const_iterator end() const noexcept { return rows_.end(); }
  /// The result's column names, there also where it has no rows.
  const ColumnNames& columns() const noexcept { return *columns_; }

 private:
  std::shared_ptr<const ColumnNames> columns_ = std::make_shared<const ColumnNames>();
  std::vector<Row> rows_;
};

}  // namespace holdfast
