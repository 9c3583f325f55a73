#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <holdfast/query_builder.hpp>

namespace holdfast {

/// The text of a statement and the values for it, which somebody else owns.
struct QueryBuilder::Statement {
  std::string text;
  std::vector<ValueView> values;

  void add(std::string_view piece) { text += piece; }
  void add(std::string_view before, const Clause& clause) {
    if (clause.text.empty()) return;
    text.append(before).append(clause.text);
    for (const Value& value : clause.values) values.push_back(value.view());
  }
  void add(std::string_view before, const Condition& condition) {
    if (condition.empty()) return;
    text.append(before).append(condition.text());
    for (const Value& value : condition.values()) values.push_back(value.view());
  }
};

}  // namespace holdfast
