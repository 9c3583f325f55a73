#include <holdfast/query_builder.hpp>

#include <holdfast/error.hpp>

#include "query/identifier.hpp"
#include "repository/query_statement.hpp"

namespace holdfast {
namespace {

Expression expressionOf(std::string_view column) {
  if (column == "*") return Expression::raw(column);
  const auto dot = column.find('.');
  if (dot == std::string_view::npos) return Expression::column(column);
  return Expression::column(column.substr(0, dot), column.substr(dot + 1));
}

std::int64_t notNegative(std::int64_t number, std::string_view name) {
  if (number >= 0) return number;
  throw Error(ErrorCode::InvalidArgument, std::string(name).append("() takes no negative number"));
}

}  // namespace

Term::Term(std::string_view column) : expression_(expressionOf(column)) {}

void QueryBuilder::Clause::append(const Expression& expression) {
  text += expression.text();
  values.insert(values.end(), expression.values().begin(), expression.values().end());
}

void QueryBuilder::Clause::append(const Condition& condition) {
  text += condition.text();
  values.insert(values.end(), condition.values().begin(), condition.values().end());
}

void QueryBuilder::appendTable(Clause& clause, std::string_view table, std::string_view alias) {
  appendIdentifier(clause.text, table);
  if (alias.empty()) return;
  clause.append(" AS ");
  appendIdentifier(clause.text, alias);
}

void QueryBuilder::appendTerms(Clause& clause, const std::vector<Term>& terms) {
  for (const Term& term : terms) {
    if (!clause.text.empty()) clause.append(", ");
    clause.append(term.expression());
    if (term.expression().alias().empty()) continue;
    clause.append(" AS ");
    appendIdentifier(clause.text, term.expression().alias());
  }
}

QueryBuilder& QueryBuilder::transacting(Transaction& transaction) noexcept {
  executor_ = &transaction;
  pool_ = nullptr;
  transaction_ = &transaction;
  return *this;
}

QueryBuilder& QueryBuilder::from(std::string_view table, std::string_view alias) {
  if (!from_.text.empty()) throw Error(ErrorCode::InvalidArgument, "from() was said already: join() adds a table");
  appendTable(from_, table, alias);
  tables_.emplace(tables_.begin(), table);
  return *this;
}

QueryBuilder& QueryBuilder::select(const std::vector<Term>& terms) {
  appendTerms(select_, terms);
  return *this;
}

QueryBuilder& QueryBuilder::distinct() noexcept {
  distinct_ = true;
  return *this;
}

QueryBuilder& QueryBuilder::addJoin(std::string_view word, std::string_view table, const Condition& on,
                                    std::string_view alias) {
  if (on.empty()) throw Error(ErrorCode::InvalidArgument, "a join without a condition");
  joins_.append(word);
  appendTable(joins_, table, alias);
  joins_.append(" ON ");
  joins_.append(on);
  tables_.emplace_back(table);
  return *this;
}

QueryBuilder& QueryBuilder::join(std::string_view table, const Term& left, const Term& right, std::string_view alias) {
  return join(table, Condition::compare(left.expression(), Operator::Equal, right.expression()), alias);
}
QueryBuilder& QueryBuilder::join(std::string_view table, const Condition& on, std::string_view alias) {
  return addJoin(" JOIN ", table, on, alias);
}
QueryBuilder& QueryBuilder::leftJoin(std::string_view table, const Term& left, const Term& right,
                                     std::string_view alias) {
  return leftJoin(table, Condition::compare(left.expression(), Operator::Equal, right.expression()), alias);
}
QueryBuilder& QueryBuilder::leftJoin(std::string_view table, const Condition& on, std::string_view alias) {
  return addJoin(" LEFT JOIN ", table, on, alias);
}

QueryBuilder& QueryBuilder::where(Condition condition) {
  where_ = std::move(where_) && std::move(condition);
  return *this;
}
QueryBuilder& QueryBuilder::where(const Term& term, Operator op, Value value) {
  return where(Condition::compare(term.expression(), op, std::move(value)));
}
QueryBuilder& QueryBuilder::whereColumn(const Term& left, Operator op, const Term& right) {
  return where(Condition::compare(left.expression(), op, right.expression()));
}
QueryBuilder& QueryBuilder::whereNull(const Term& term) { return where(Condition::isNull(term.expression())); }
QueryBuilder& QueryBuilder::whereNotNull(const Term& term) { return where(Condition::isNotNull(term.expression())); }
QueryBuilder& QueryBuilder::whereBetween(const Term& term, Value low, Value high) {
  return where(Condition::between(term.expression(), std::move(low), std::move(high)));
}
QueryBuilder& QueryBuilder::whereIn(const Term& term, std::vector<Value> values) {
  return where(Condition::in(term.expression(), std::move(values)));
}
QueryBuilder& QueryBuilder::whereNotIn(const Term& term, std::vector<Value> values) {
  return where(!Condition::in(term.expression(), std::move(values)));
}
QueryBuilder& QueryBuilder::everyRow() noexcept {
  everyRow_ = true;
  return *this;
}

QueryBuilder& QueryBuilder::groupBy(const Term& term) {
  if (!groupBy_.text.empty()) groupBy_.append(", ");
  groupBy_.append(term.expression());
  return *this;
}

QueryBuilder& QueryBuilder::having(Condition condition) {
  having_ = std::move(having_) && std::move(condition);
  return *this;
}
QueryBuilder& QueryBuilder::having(const Term& term, Operator op, Value value) {
  return having(Condition::compare(term.expression(), op, std::move(value)));
}

QueryBuilder& QueryBuilder::orderBy(const Term& term, Order order) {
  if (!orderBy_.text.empty()) orderBy_.append(", ");
  orderBy_.append(term.expression());
  if (order == Order::Descending) orderBy_.append(" DESC");
  return *this;
}

QueryBuilder& QueryBuilder::limit(std::int64_t rows) {
  limit_ = notNegative(rows, "limit");
  return *this;
}
QueryBuilder& QueryBuilder::offset(std::int64_t rows) {
  offset_ = notNegative(rows, "offset");
  return *this;
}
QueryBuilder& QueryBuilder::timeout(std::chrono::milliseconds longest) {
  timeout_ = longest;
  return *this;
}

QueryBuilder& QueryBuilder::include(std::string_view name, JsonInclude related) {
  if (name.empty()) throw Error(ErrorCode::InvalidArgument, "include() needs a name for the related rows");
  for (const auto& [taken, other] : includes_) {
    if (taken == name) throw Error(ErrorCode::InvalidArgument, "two include() have the name \"" + taken + "\"");
  }
  includes_.emplace_back(name, std::move(related));
  return *this;
}

QueryBuilder& QueryBuilder::returning(const std::vector<Term>& terms) {
  returning_.insert(returning_.end(), terms.begin(), terms.end());
  return *this;
}

std::string QueryBuilder::text() const { return selection().text; }

QueryBuilder::Statement QueryBuilder::selection() const {
  requireTable();
  if (!returning_.empty()) throw Error(ErrorCode::InvalidArgument, "returning() is for writes: use select()");
  Statement statement;
  statement.text.reserve(256);
  statement.values.reserve(8);
  statement.add(distinct_ ? "SELECT DISTINCT " : "SELECT ");
  if (select_.text.empty()) statement.add("*");
  statement.add({}, select_);
  statement.add(" FROM ", from_);
  statement.add({}, joins_);
  statement.add(" WHERE ", where_);
  statement.add(" GROUP BY ", groupBy_);
  statement.add(" HAVING ", having_);
  statement.add(" ORDER BY ", orderBy_);
  if (limit_ || offset_ > 0) {
    statement.add(" LIMIT ? OFFSET ?");
    statement.values.emplace_back(limit_.value_or(-1));
    statement.values.emplace_back(offset_);
  }
  return statement;
}

}  // namespace holdfast
