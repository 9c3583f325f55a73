#include "repository/include_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/error.hpp>

#include "repository/json_reading.hpp"

namespace holdfast {
namespace {

/// A value as something that can be looked up. 1 and 1.0 are one key, as for SQLite.
nlohmann::json keyOf(const Value& value, std::string_view column) { return jsonOf(value.view(), column); }

std::size_t positionOf(const std::string& column, const Rows& rows, const std::string& name) {
  const auto& names = rows.columns();
  const auto found = std::find(names.begin(), names.end(), column);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  throw Error(ErrorCode::InvalidArgument,
              "include(\"" + name + "\") needs the column \"" + column + "\" in what is selected");
}

Rows relatedRows(StatementExecutor& executor, const JsonInclude& include, const std::string& link,
                 std::vector<Value> keys) {
  QueryBuilder query(executor);
  std::vector<Term> terms{Expression::column(link)};
  for (const std::string& column : include.select) terms.emplace_back(Expression::column(column));
  if (include.select.empty()) terms.emplace_back("*");
  query.select(terms).from(include.table).whereIn(Expression::column(link), std::move(keys));
  if (!include.orderBy.empty()) query.orderBy(Expression::column(include.orderBy));
  return query.fetch();
}

nlohmann::json objectOf(const Row& row) {
  nlohmann::json object = nlohmann::json::object();
  const ColumnNames& names = row.columns();
  for (std::size_t i = 1; i < names.size(); ++i) object[names[i]] = jsonOf(row.at(i).view(), names[i]);
  return object;
}

}  // namespace

void includeRows(StatementExecutor& executor, const std::string& name, const JsonInclude& include, const Rows& rows,
                 nlohmann::json& objects) {
  const std::string& own = include.many ? include.key : include.foreignKey;
  const std::string& link = include.many ? include.foreignKey : include.key;
  if (include.table.empty() || own.empty() || link.empty()) {
    throw Error(ErrorCode::InvalidArgument, "include(\"" + name + "\") needs a table, a foreignKey and a key");
  }
  const auto& names = rows.columns();
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    throw Error(ErrorCode::InvalidArgument, "include(\"" + name + "\") has the name of a column");
  }
  const std::size_t position = positionOf(own, rows, name);
  std::map<nlohmann::json, std::vector<nlohmann::json>> related;
  std::vector<Value> keys;
  for (const Row& row : rows) {
    const Value& value = row.at(position);
    if (!value.isNull() && related.try_emplace(keyOf(value, own)).second) keys.push_back(value);
  }
  const Rows found = keys.empty() ? Rows() : relatedRows(executor, include, link, std::move(keys));
  for (const Row& row : found) {
    // One that SQLite finds equal and we do not (by a collation, say) belongs to no row.
    if (const auto at = related.find(keyOf(row.at(0), link)); at != related.end()) at->second.push_back(objectOf(row));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Value& value = rows[i].at(position);
    nlohmann::json& target = objects[i][name];
    target = include.many ? nlohmann::json::array() : nlohmann::json();
    if (value.isNull()) continue;
    const auto& matches = related.at(keyOf(value, own));
    if (include.many) {
      target = matches;
    } else if (!matches.empty()) {
      target = matches.front();
    }
  }
}

}  // namespace holdfast
