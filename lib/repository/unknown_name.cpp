#include "repository/unknown_name.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <holdfast/table_schema.hpp>

#include "policy/nearest_name.hpp"

namespace holdfast {
namespace {

/// What the message says `what` of; nothing where it says something else. Newer SQLite quotes the name and asks whether
/// a string was meant. A message that begins otherwise ("error in view ...") is about a name that the statement has
/// not.
std::optional<std::string> nameIn(std::string_view message, std::string_view beginning, std::string_view what) {
  const auto at = message.find(what);
  if (at == std::string_view::npos || !message.starts_with(beginning)) return std::nullopt;
  std::string_view name = message.substr(at + what.size());
  if (const auto end = name.find("\" - should this be"); end != std::string_view::npos && name.starts_with('"')) {
    name = name.substr(1, end - 1);
  }
  return std::string(name);
}
std::optional<std::string> nameAfter(std::string_view message, std::string_view beginning) {
  return nameIn(message, beginning, beginning);
}

bool fitsAny(std::string_view name, std::span<const std::string> names) {
  return std::any_of(names.begin(), names.end(),
                     [name](const std::string& one) { return detail::sameName(one, name); });
}

std::string quotedList(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "\"" : ", \"").append(name).append("\"");
  return text;
}

void throwUnknownTable(StatementExecutor& executor, std::string_view name) {
  if (name.starts_with("main.")) name.remove_prefix(5);
  const std::vector<std::string> known = TableSchema::tableNames(executor);
  const std::vector<std::string_view> views(known.begin(), known.end());
  throw Error(ErrorCode::InvalidArgument,
              std::string("there is no table \"").append(name).append("\"") + suggestion(name, views));
}

void throwUnknownColumn(StatementExecutor& executor, std::span<const std::string> tables, std::string_view said) {
  std::vector<TableSchema> schemas;
  for (const std::string& table : tables) {
    if (auto schema = TableSchema::read(executor, table)) schemas.push_back(std::move(*schema));
  }
  // "table.column" or an alias instead of the table: the column is what follows the dot, unless a name has one in it.
  std::string_view column = said;
  if (const auto dot = said.find('.'); dot != std::string_view::npos && dot + 1 < said.size()) {
    column = said.substr(dot + 1);
    const std::string_view qualifier = said.substr(0, dot);
    if (fitsAny(qualifier, tables)) {
      std::erase_if(schemas, [&](const TableSchema& schema) { return !detail::sameName(schema.name, qualifier); });
    }
  }
  std::vector<std::string_view> names;
  for (const TableSchema& schema : schemas) {
    for (const ColumnSchema& one : schema.columns) names.push_back(one.name);
  }
  throw Error(ErrorCode::InvalidArgument, std::string("there is no column \"").append(said).append("\" in ") +
                                              quotedList(tables) + suggestion(column, names));
}

}  // namespace

std::string suggestion(std::string_view wrong, std::span<const std::string_view> names) {
  const std::string_view nearest = nearestName(wrong, names);
  if (nearest.empty() || nearest == wrong) return {};
  return std::string("; did you mean \"").append(nearest).append("\"?");
}

void throwUnknownName(StatementExecutor& executor, std::span<const std::string> tables, const Error& error) {
  if (error.code() != ErrorCode::InvalidSql) return;
  const std::string& message = error.reason();
  if (const auto name = nameAfter(message, "no such table: ")) throwUnknownTable(executor, *name);
  if (const auto name = nameAfter(message, "no such column: ")) throwUnknownColumn(executor, tables, *name);
  if (const auto name = nameIn(message, "table ", " has no column named ")) throwUnknownColumn(executor, tables, *name);
  if (const auto name = nameAfter(message, "ambiguous column name: ")) {
    throw Error(ErrorCode::InvalidArgument,
                "the column \"" + *name + "\" is in several tables: say \"table." + *name + "\"");
  }
}

}  // namespace holdfast
