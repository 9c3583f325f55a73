#include <holdfast/row.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include <holdfast/error.hpp>

namespace holdfast {

Row::Row(std::shared_ptr<const ColumnNames> columns, std::vector<Value> values) noexcept
    : columns_(std::move(columns)), values_(std::move(values)) {}

const Value& Row::at(std::size_t column) const {
  if (column >= values_.size()) {
    throw Error(ErrorCode::InvalidArgument, "there is no column " + std::to_string(column) + "; the result has " +
                                                std::to_string(values_.size()) + ", counted from 0");
  }
  return values_[column];
}

const Value& Row::at(std::string_view column) const {
  const auto found = std::find(columns_->begin(), columns_->end(), column);
  if (found == columns_->end()) {
    throw Error(ErrorCode::InvalidArgument, std::string("there is no column '").append(column).append("'"));
  }
  return at(static_cast<std::size_t>(found - columns_->begin()));
}

Rows::Rows(std::shared_ptr<const ColumnNames> columns, std::vector<Row> rows) noexcept
    : columns_(std::move(columns)), rows_(std::move(rows)) {}

}  // namespace holdfast
