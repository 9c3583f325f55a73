#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

/// A CHECK constraint in the text of a CREATE TABLE.
struct CheckText {
  std::string column;      ///< Empty: it stands for itself, behind the columns.
  std::string expression;  ///< As written, without the parentheses.
};

/// The CHECK constraints of a CREATE TABLE, which no pragma shows.
std::vector<CheckText> checksOf(std::string_view createTable);

/// A form of an SQL expression that is the same for texts that differ in space, comments, letter case of words, quotes
/// around names, and parentheses around the whole.
std::string normalExpression(std::string_view expression);

}  // namespace holdfast
