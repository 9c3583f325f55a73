#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <holdfast/json_fwd.hpp>

#include <holdfast/condition.hpp>
#include <holdfast/connection_pool.hpp>
#include <holdfast/expression.hpp>

namespace holdfast {

/// What a QueryBuilder takes where a column is meant: "column", "table.column" (the text is split at its first dot; a
/// name that has a dot in it is Expression::column(name)), "*", "table.*", or an Expression: "avg(value)"_expr.
class Term {
 public:
  Term(std::string_view column);
  Term(const char* column) : Term(std::string_view(column)) {}
  Term(const std::string& column) : Term(std::string_view(column)) {}
  Term(Expression expression) noexcept : expression_(std::move(expression)) {}
  /// What the result calls it: Term("device.name").as("device").
  Term as(std::string_view name) const { return expression_.as(name); }
  const Expression& expression() const noexcept { return expression_; }

 private:
  Expression expression_;
};

/// A column and what it becomes: a value, or an expression ("count + 1"_expr).
struct ColumnValue {
  ColumnValue(std::string_view name, Value newValue) : column(name), value(std::move(newValue)) {}
  ColumnValue(std::string_view name, Expression newValue) : column(name), expression(std::move(newValue)) {}

  std::string column;
  Value value = {};
  std::optional<Expression> expression = {};
};
using ColumnValues = std::vector<ColumnValue>;

/// Rows of another table that fetchJson() puts into each of its objects, all of them read by one query.
struct JsonInclude {
  std::string table = {};
  /// The column that refers: of the rows that are fetched or, with `many`, of `table`.
  std::string foreignKey = {};
  /// The column that is referred to: of `table` or, with `many`, of the rows that are fetched.
  std::string key = "id";
  /// An array of all rows of `table` that refer to this one, instead of the one row (or null) that it refers to.
  bool many = false;
  std::vector<std::string> select = {};  ///< Columns of `table`; none: all.
  std::string orderBy = {};              ///< With `many`: a column of `table`; empty: in no particular order.
};

struct WriteResult {
  std::int64_t changes = 0;
  std::int64_t lastInsertRowId = 0;
  Rows rows = {};  ///< What returning() asked for.
};

/// A statement that is put together at run time: tables and columns by name, values always bound.
///
///   Rows rows = QueryBuilder(db).select({"sensor", "avg(value)"_expr}).from("reading")
///                   .where("taken_at", Operator::GreaterOrEqual, since).groupBy("sensor").limit(10).fetch();
///
/// Names are quoted, so that no name is SQL, and checked against the schema as it is when the statement is prepared: an
/// unknown table or column is Error{InvalidArgument} that names it and the nearest known one, and nothing has run. The
/// same calls make the same text, so that prepared statements are found again. Used by one thread at a time; the pool
/// or transaction must outlive it. The last call (fetch, count, insert, ...) runs it, blocks as query() and run() do,
/// and may be repeated.
class QueryBuilder {
 public:
  explicit QueryBuilder(ConnectionPool& pool) noexcept : executor_(&pool), pool_(&pool) {}
  explicit QueryBuilder(Transaction& transaction) noexcept : executor_(&transaction), transaction_(&transaction) {}
  /// A ReadTransaction, a leased Connection, BoundedCalls.
  explicit QueryBuilder(StatementExecutor& executor) noexcept : executor_(&executor) {}
  /// From here on in a transaction.
  QueryBuilder& transacting(Transaction& transaction) noexcept;

  QueryBuilder& from(std::string_view table, std::string_view alias = {});
  /// The same, as it reads better before a write.
  QueryBuilder& table(std::string_view name) { return from(name); }
  /// None: every column.
  QueryBuilder& select(const std::vector<Term>& terms);
  QueryBuilder& distinct() noexcept;
  /// Rows of both where the two columns are equal: join("device", "device.id", "reading.device_id").
  QueryBuilder& join(std::string_view table, const Term& left, const Term& right, std::string_view alias = {});
  QueryBuilder& join(std::string_view table, const Condition& on, std::string_view alias = {});
  /// Rows of the first without one of the other, too: its columns are NULL.
  QueryBuilder& leftJoin(std::string_view table, const Term& left, const Term& right, std::string_view alias = {});
  QueryBuilder& leftJoin(std::string_view table, const Condition& on, std::string_view alias = {});

  /// Conditions add up: all of them must be met. Others are groups: where(a || !b). Throws Error{InvalidArgument} for a
  /// comparison with NULL.
  QueryBuilder& where(Condition condition);
  QueryBuilder& where(const Term& term, Operator op, Value value);
  /// Two columns: whereColumn("reading.value", Operator::Greater, "device.limit").
  QueryBuilder& whereColumn(const Term& left, Operator op, const Term& right);
  QueryBuilder& whereNull(const Term& term);
  QueryBuilder& whereNotNull(const Term& term);
  QueryBuilder& whereBetween(const Term& term, Value low, Value high);
  /// One of any number of values; none of them: no row. See Condition::in().
  QueryBuilder& whereIn(const Term& term, std::vector<Value> values);
  QueryBuilder& whereNotIn(const Term& term, std::vector<Value> values);
  /// update() and remove() are meant for all rows, which they refuse without a condition.
  QueryBuilder& everyRow() noexcept;

  QueryBuilder& groupBy(const Term& term);
  QueryBuilder& having(Condition condition);
  QueryBuilder& having(const Term& term, Operator op, Value value);
  QueryBuilder& orderBy(const Term& term, Order order = Order::Ascending);
  /// Throws Error{InvalidArgument} for a negative number.
  QueryBuilder& limit(std::int64_t rows);
  QueryBuilder& offset(std::int64_t rows);
  /// The longest that the call may take in all. Only on a pool: a transaction has a deadline of its own.
  QueryBuilder& timeout(std::chrono::milliseconds longest);
  QueryBuilder& include(std::string_view name, JsonInclude related);
  /// What a write gives back of the rows that it wrote; a whole number may be an integer in a REAL column, too.
  QueryBuilder& returning(const std::vector<Term>& terms);

  /// Throws Error{InvalidArgument} where include() was said: rows are flat.
  Rows fetch();
  std::optional<Row> fetchOne();
  /// Calls `visit(const RowView&)` for each, in constant memory; false from it ends the reading.
  template <typename F>
    requires std::invocable<F&, const RowView&>
  void forEach(F&& visit) {
    visitRows(detail::RowVisitor(visit));
  }
  /// An array of objects. NULL is null, a blob {"$blob": base64}. Throws Error{InvalidArgument} where two columns of
  /// the result have one name, and Error{TypeMismatch} for a text that is not UTF-8.
  Json fetchJson();
  /// The number of rows that fetch() would return.
  std::int64_t count();
  bool exists();

  /// No columns: a row of defaults.
  WriteResult insert(const ColumnValues& row);
  /// All of them or none, in one transaction, whose text is one for rows with the same columns. Not on a leased
  /// connection. No rows: nothing is done.
  WriteResult insertMany(const std::vector<ColumnValues>& rows);
  WriteResult update(const ColumnValues& changes);
  WriteResult remove();

  /// The SELECT, as it is prepared.
  std::string text() const;

 private:
  struct Clause {
    std::string text;
    std::vector<Value> values;
    void append(std::string_view piece) { text += piece; }
    void append(const Expression& expression);
    void append(const Condition& condition);
  };
  struct Statement;  // Text, and views of the values.

  QueryBuilder& addJoin(std::string_view word, std::string_view table, const Condition& on, std::string_view alias);
  static void appendTable(Clause& clause, std::string_view table, std::string_view alias);
  static void appendTerms(Clause& clause, const std::vector<Term>& terms);
  using Fill = std::function<void(Statement&, std::size_t)>;
  Statement selection() const;
  void fillInsert(Statement& statement, const ColumnValues& row) const;
  void requireTable() const;
  void requirePlainWrite(std::string_view operation, bool takesCondition) const;
  void requireMeantForAll() const;
  Clause returned() const;
  /// Carries out `count` statements, or none, each as `fill` makes it.
  WriteResult write(std::string_view operation, std::size_t count, const Fill& fill);
  WriteResult writeIn(StatementExecutor& executor, std::size_t count, const Fill& fill, const Clause& returned) const;
  void visitRows(detail::RowVisitor visit);
  Rows rowsOf(StatementExecutor& executor) const;
  void requireFlat() const;
  /// Errors of `body` say what was done, and which name is unknown.
  template <typename F>
  auto run(std::string_view operation, F body);
  /// Calls `body` with what carries out a single statement.
  template <typename F>
  auto withExecutor(F body);

  StatementExecutor* executor_;
  ConnectionPool* pool_ = nullptr;
  Transaction* transaction_ = nullptr;
  std::vector<std::string> tables_;
  Clause select_;
  Clause from_;
  Clause joins_;
  Condition where_;
  Clause groupBy_;
  Condition having_;
  Clause orderBy_;
  std::vector<Term> returning_;
  std::optional<std::int64_t> limit_;
  std::int64_t offset_ = 0;
  std::optional<std::chrono::milliseconds> timeout_;
  std::vector<std::pair<std::string, JsonInclude>> includes_;
  bool distinct_ = false;
  bool everyRow_ = false;
};

}  // namespace holdfast
