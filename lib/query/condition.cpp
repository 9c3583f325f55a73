#include <holdfast/condition.hpp>

#include <algorithm>
#include <array>
#include <bit>

#include <holdfast/error.hpp>

#include "core/json_text.hpp"

namespace holdfast {
namespace {

constexpr std::size_t kMostPlaceholders = 16;

void refuseNull(const Value& value) {
  if (!value.isNull()) return;
  throw Error(ErrorCode::InvalidArgument, "a comparison with NULL is never true: use isNull() or isNotNull()");
}

std::string_view toText(Operator op) noexcept {
  static constexpr std::array<std::string_view, 8> kTexts{
      " = ", " <> ", " < ", " <= ", " > ", " >= ", " LIKE ", " GLOB "};
  return kTexts[static_cast<std::size_t>(op)];
}

void appendPlaceholders(std::string& text, std::size_t count) {
  text += " IN (";
  for (std::size_t i = 0; i < count; ++i) text += i == 0 ? "?" : ", ?";
  text += ')';
}

bool fitsJson(const Value& value) noexcept {
  return value.type() == ValueType::Integer || value.type() == ValueType::Text;
}

}  // namespace

Condition Condition::compare(std::string_view column, Operator op, Value value) {
  return compare(Expression::column(column), op, std::move(value));
}
Condition Condition::between(std::string_view column, Value low, Value high) {
  return between(Expression::column(column), std::move(low), std::move(high));
}
Condition Condition::isNull(std::string_view column) { return isNull(Expression::column(column)); }
Condition Condition::isNotNull(std::string_view column) { return isNotNull(Expression::column(column)); }
Condition Condition::in(std::string_view column, std::vector<Value> values) {
  return in(Expression::column(column), std::move(values));
}

Condition Condition::compare(Expression left, Operator op, Value value) {
  refuseNull(value);
  auto [text, values] = std::move(left).parts();
  values.push_back(std::move(value));
  return {std::move(text.append(toText(op)).append("?")), std::move(values)};
}

Condition Condition::compare(Expression left, Operator op, Expression right) {
  auto [text, values] = std::move(left).parts();
  auto [rightText, rightValues] = std::move(right).parts();
  values.insert(values.end(), std::make_move_iterator(rightValues.begin()), std::make_move_iterator(rightValues.end()));
  return {std::move(text.append(toText(op)).append(rightText)), std::move(values)};
}

Condition Condition::between(Expression tested, Value low, Value high) {
  refuseNull(low);
  refuseNull(high);
  auto [text, values] = std::move(tested).parts();
  values.push_back(std::move(low));
  values.push_back(std::move(high));
  return {std::move(text.append(" BETWEEN ? AND ?")), std::move(values)};
}

Condition Condition::isNull(Expression tested) {
  auto [text, values] = std::move(tested).parts();
  return {std::move(text.append(" IS NULL")), std::move(values)};
}

Condition Condition::isNotNull(Expression tested) {
  auto [text, values] = std::move(tested).parts();
  return {std::move(text.append(" IS NOT NULL")), std::move(values)};
}

Condition Condition::in(Expression tested, std::vector<Value> values) {
  std::for_each(values.begin(), values.end(), refuseNull);
  if (values.empty()) return {"0", {}};
  auto [text, bound] = std::move(tested).parts();
  const auto listed = [&bound = bound](std::vector<Value> list) {
    bound.insert(bound.end(), std::make_move_iterator(list.begin()), std::make_move_iterator(list.end()));
    return std::move(bound);
  };
  if (values.size() <= kMostPlaceholders) {
    // Few different texts, so that statements are found again: the last value fills up.
    const std::size_t count = std::bit_ceil(values.size());
    values.reserve(count);
    while (values.size() < count) values.push_back(values.back());
    appendPlaceholders(text, count);
    return {std::move(text), listed(std::move(values))};
  }
  if (std::all_of(values.begin(), values.end(), fitsJson)) {
    // One parameter, and one text for lists of every length.
    std::string list;
    for (const Value& value : values) {
      list += list.empty() ? '[' : ',';
      if (value.type() == ValueType::Integer) {
        list += std::to_string(value.view().integer());
      } else if (isUtf8(value.view().text())) {
        appendQuoted(list, value.view().text());
      } else {
        throw Error(ErrorCode::InvalidArgument, "a text in the list for " + text + " is not UTF-8");
      }
    }
    bound.emplace_back(std::move(list += ']'));
    return {text + " IN (SELECT value FROM json_each(?))", std::move(bound)};
  }
  // A number with a fraction is bound, never written as text: SQLite reads decimals with the platform's precision.
  if (values.size() > kMostListed) {
    throw Error(ErrorCode::InvalidArgument, "the list for " + text + " has " + std::to_string(values.size()) +
                                                " values; of fractions and blobs " + std::to_string(kMostListed) +
                                                " are possible");
  }
  appendPlaceholders(text, values.size());
  return {std::move(text), listed(std::move(values))};
}

Condition Condition::raw(std::string_view text, std::vector<Value> values) {
  return {"(" + std::string(text) + ")", std::move(values)};
}

Condition operator!(Condition condition) {
  if (condition.empty()) return Condition::raw("0");
  condition.text_ = "NOT (" + condition.text_ + ")";
  return condition;
}

Condition Condition::join(Condition a, std::string_view word, Condition b) {
  const bool either = word == " OR ";
  if (a.empty()) return either ? std::move(a) : std::move(b);
  if (b.empty()) return either ? std::move(b) : std::move(a);
  a.text_ = "(" + a.text_ + ")" + std::string(word) + "(" + b.text_ + ")";
  a.values_.insert(a.values_.end(), std::make_move_iterator(b.values_.begin()),
                   std::make_move_iterator(b.values_.end()));
  return a;
}

}  // namespace holdfast
