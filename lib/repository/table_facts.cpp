#include <holdfast/detail/table_facts.hpp>

#include <array>
#include <cmath>
#include <cstdio>

#include "query/identifier.hpp"

namespace holdfast::detail {
namespace {

void appendList(std::string& text, const std::vector<std::string_view>& names) {
  const char* separator = "(";
  for (const std::string_view name : names) {
    text += separator;
    appendIdentifier(text, name);
    separator = ", ";
  }
  text += ')';
}

std::string numberText(double number) {
  std::array<char, 40> text{};
  const bool whole = std::floor(number) == number && std::fabs(number) < 9e15;
  std::snprintf(text.data(), text.size(), whole ? "%.0f" : "%.17g", number);
  return text.data();
}

std::string literalText(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'') text += '\'';
    text += c;
  }
  return text + "'";
}

/// A rule with its name: what SQLite's error says.
void appendRule(std::string& text, const std::string& name, const std::string& expression) {
  text += " CONSTRAINT ";
  appendIdentifier(text, name);
  text += " CHECK (" + expression + ")";
}

void appendColumn(std::string& text, const TableFacts& table, const TableFacts::ColumnFacts& column) {
  const ColumnRules& rules = column.rules;
  const std::string name = quotedIdentifier(column.name);
  const std::string said(column.name);
  text += name + " " + std::string(toText(column.kind));
  if (rules.primaryKey && table.hasRowIdKey) {
    text += " PRIMARY KEY";
  } else if (rules.notNull || rules.primaryKey) {
    text += " NOT NULL";
  }
  if (rules.unique) text += " UNIQUE";
  if (!rules.defaultValue.empty()) text += " DEFAULT " + std::string(rules.defaultValue);
  if (rules.maxLength > 0) {
    const std::string most = std::to_string(rules.maxLength);
    appendRule(text, said + " is at most " + most + " long", "length(" + name + ") <= " + most);
  }
  if (rules.hasRange) {
    const std::string low = numberText(rules.minimum);
    const std::string high = numberText(rules.maximum);
    appendRule(text, said + " is from " + low + " to " + high, name + " BETWEEN " + low + " AND " + high);
  }
  if (!rules.pattern.empty()) {
    appendRule(text, said + " is like " + std::string(rules.pattern), name + " GLOB " + literalText(rules.pattern));
  }
  if (!rules.check.empty()) appendRule(text, said + ": " + std::string(rules.check), std::string(rules.check));
  if (!rules.referencedTable.empty()) {
    text += " REFERENCES " + quotedIdentifier(rules.referencedTable);
    if (!rules.referencedColumn.empty()) text += "(" + quotedIdentifier(rules.referencedColumn) + ")";
    if (!rules.onDelete.empty()) text += " ON DELETE " + std::string(rules.onDelete);
  }
}

std::string indexText(const TableFacts& table, const TableFacts::IndexFacts& index) {
  std::string name(table.name);
  for (const std::string_view column : index.columns) name.append("_").append(column);
  std::string text = index.isUnique ? "CREATE UNIQUE INDEX IF NOT EXISTS " : "CREATE INDEX IF NOT EXISTS ";
  appendIdentifier(text, name);
  text += " ON ";
  appendIdentifier(text, table.name);
  appendList(text, index.columns);
  return text;
}

std::string linkText(const TableFacts::LinkFacts& link) {
  std::string text = "CREATE TABLE IF NOT EXISTS " + quotedIdentifier(link.name) + "(";
  for (const TableFacts::LinkFacts::End& end : {link.own, link.other}) {
    text += quotedIdentifier(end.column) + " " + std::string(toText(end.kind)) + " NOT NULL REFERENCES " +
            quotedIdentifier(end.table) + "(" + quotedIdentifier(end.key) + ") ON DELETE CASCADE, ";
  }
  return text + "PRIMARY KEY (" + quotedIdentifier(link.own.column) + ", " + quotedIdentifier(link.other.column) +
         ")) STRICT, WITHOUT ROWID";
}

std::string linkIndexText(const TableFacts::LinkFacts& link) {
  // The key finds the others of one; this finds the ones of another, for its own relation and for its removal.
  const std::string name = std::string(link.name) + "_" + std::string(link.other.column);
  return "CREATE INDEX IF NOT EXISTS " + quotedIdentifier(name) + " ON " + quotedIdentifier(link.name) + "(" +
         quotedIdentifier(link.other.column) + ")";
}

}  // namespace

std::vector<std::string> TableFacts::createStatements() const {
  std::vector<std::string> statements;
  std::string text = "CREATE TABLE IF NOT EXISTS " + quotedIdentifier(name) + "(";
  std::vector<std::string_view> key;
  const char* separator = "";
  for (const ColumnFacts& column : columns) {
    text += separator;
    appendColumn(text, *this, column);
    if (column.rules.primaryKey) key.push_back(column.name);
    separator = ", ";
  }
  if (!hasRowIdKey) {
    text += ", PRIMARY KEY ";
    appendList(text, key);
  }
  text += ")";
  if (isStrict) text += " STRICT";
  if (!hasRowId) text += isStrict ? ", WITHOUT ROWID" : " WITHOUT ROWID";
  statements.push_back(std::move(text));
  for (const IndexFacts& index : indexes) statements.push_back(indexText(*this, index));
  for (const LinkFacts& link : links) {
    statements.push_back(linkText(link));
    statements.push_back(linkIndexText(link));
  }
  return statements;
}

}  // namespace holdfast::detail
