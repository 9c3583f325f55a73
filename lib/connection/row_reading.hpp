#pragma once

#include <memory>
#include <vector>

#include <holdfast/statement_executor.hpp>

namespace holdfast {

inline std::shared_ptr<const ColumnNames> readColumnNames(const RowView& row) {
  auto names = std::make_shared<ColumnNames>();
  names->reserve(row.size());
  for (std::size_t column = 0; column < row.size(); ++column) names->emplace_back(row.columnName(column));
  return names;
}

inline std::vector<Value> readValues(const RowView& row) {
  std::vector<Value> values;
  values.reserve(row.size());
  for (std::size_t column = 0; column < row.size(); ++column) values.emplace_back(row.at(column));
  return values;
}

}  // namespace holdfast
