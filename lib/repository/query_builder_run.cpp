// What a QueryBuilder does once it is put together.

#include <holdfast/error.hpp>
#include <holdfast/table_schema.hpp>

#include "connection/row_reading.hpp"
#include "query/identifier.hpp"
#include "repository/query_run.hpp"
#include "repository/query_statement.hpp"

namespace holdfast {
namespace {

[[noreturn]] void refuse(std::string_view reason) { throw Error(ErrorCode::InvalidArgument, reason); }

void requireDifferent(const ColumnValues& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (values[i].column == values[j].column) refuse("the column \"" + values[i].column + "\" is named twice");
    }
  }
}

/// Throws for a view that cannot be written: SQLite 3.40 takes writes with RETURNING to one, and does nothing.
void requireTriggers(StatementExecutor& executor, const std::string& table) {
  const auto kind = executor.queryValue<std::string>(
      "SELECT type FROM main.sqlite_schema WHERE tbl_name = ? COLLATE NOCASE ORDER BY type LIMIT 1", table);
  if (kind == "view") refuse("\"" + table + "\" is a view: write to its tables");
}

void addValue(std::string& text, std::vector<ValueView>& values, const ColumnValue& value) {
  if (!value.expression) {
    text += '?';
    values.push_back(value.value.view());
    return;
  }
  text += value.expression->text();
  for (const Value& one : value.expression->values()) values.push_back(one.view());
}

}  // namespace

void QueryBuilder::requireTable() const {
  if (from_.text.empty()) refuse("no table is named: say from(\"...\")");
}

void QueryBuilder::requireFlat() const {
  if (!includes_.empty()) refuse("include() makes objects in objects: read them with fetchJson()");
}

void QueryBuilder::requirePlainWrite(std::string_view operation, bool takesCondition) const {
  requireTable();
  const bool isQuery = !joins_.text.empty() || !select_.text.empty() || !groupBy_.text.empty() || !having_.empty() ||
                       !orderBy_.text.empty() || !includes_.empty() || limit_ || offset_ > 0 || distinct_;
  const bool isConditional = !where_.empty() || everyRow_;
  if (!isQuery && (takesCondition || !isConditional)) return;
  refuse(std::string(operation).append(takesCondition ? " takes a table, conditions and returning(), and nothing else"
                                                      : " takes a table and returning(), and nothing else"));
}

void QueryBuilder::requireMeantForAll() const {
  if (where_.empty() && !everyRow_) refuse("without a condition every row is meant: say everyRow() where that is so");
}

Rows QueryBuilder::rowsOf(StatementExecutor& executor) const {
  const Statement statement = selection();
  return executor.queryBound(Sql::unchecked(statement.text), statement.values);
}

Rows QueryBuilder::fetch() {
  return run("fetch", [&] {
    requireFlat();
    return withExecutor([&](StatementExecutor& executor) { return rowsOf(executor); });
  });
}

void QueryBuilder::visitRows(detail::RowVisitor visit) {
  run("fetch", [&] {
    requireFlat();
    const Statement statement = selection();
    withExecutor([&](StatementExecutor& executor) {
      executor.visitBound(Sql::unchecked(statement.text), statement.values, visit);
    });
  });
}

std::optional<Row> QueryBuilder::fetchOne() {
  std::optional<Row> found;
  forEach([&found](const RowView& row) {
    found.emplace(readColumnNames(row), readValues(row));
    return false;
  });
  return found;
}

bool QueryBuilder::exists() {
  bool found = false;
  forEach([&found](const RowView&) {
    found = true;
    return false;
  });
  return found;
}

std::int64_t QueryBuilder::count() {
  return run("count", [&] {
    Statement statement;
    if (groupBy_.text.empty() && !distinct_ && having_.empty() && select_.text.empty() && !limit_ && offset_ == 0) {
      requireTable();
      statement.add("SELECT count(*)");
      statement.add(" FROM ", from_);
      statement.add({}, joins_);
      statement.add(" WHERE ", where_);
    } else {
      // An expression of the selection may be an aggregate: only the whole query knows its number of rows.
      statement = selection();
      statement.text.insert(0, "SELECT count(*) FROM (").append(")");
    }
    return withExecutor([&](StatementExecutor& executor) {
      std::int64_t total = 0;
      auto take = [&total](const RowView& row) { total = row.get<std::int64_t>(0); };
      executor.visitBound(Sql::unchecked(statement.text), statement.values, detail::RowVisitor(take));
      return total;
    });
  });
}

/// What follows RETURNING. SQLite 3.40 gives returned columns the type of the table's first one, which turns integers
/// into fractions; a unary plus keeps it from that.
QueryBuilder::Clause QueryBuilder::returned() const {
  Clause clause;
  const auto addColumn = [&clause](std::string_view quoted, std::string_view name) {
    clause.append(clause.text.empty() ? "+" : ", +");
    clause.append(quoted);
    clause.append(" AS ");
    appendIdentifier(clause.text, name);
  };
  for (const Term& term : returning_) {
    const Expression& expression = term.expression();
    if (expression.text() == "*") {
      const auto schema = TableSchema::read(*executor_, tables_.front());
      for (const ColumnSchema& column : schema ? schema->columns : std::vector<ColumnSchema>()) {
        if (!column.isHidden) addColumn(Expression::column(column.name).text(), column.name);
      }
    } else if (!expression.columnName().empty()) {
      const std::string& alias = expression.alias();
      addColumn(expression.text(), alias.empty() ? expression.columnName() : alias);
    } else {
      appendTerms(clause, {term});
    }
  }
  return clause;
}

WriteResult QueryBuilder::writeIn(StatementExecutor& executor, std::size_t count, const Fill& fill,
                                  const Clause& returned) const {
  WriteResult result;
  Statement statement;
  std::optional<Sql> sql;
  std::shared_ptr<const ColumnNames> names;
  std::vector<Row> rows;
  auto take = [&](const RowView& row) {
    if (!names) names = readColumnNames(row);
    rows.emplace_back(names, readValues(row));
  };
  for (std::size_t i = 0; i < count; ++i) {
    statement.text.clear();
    statement.values.clear();
    fill(statement, i);
    statement.add(" RETURNING ", returned);
    if (!sql || sql->text() != statement.text) sql.emplace(Sql::unchecked(statement.text));
    const RunResult done = returned.text.empty()
                               ? executor.runBound(*sql, statement.values)
                               : executor.runReturningBound(*sql, statement.values, detail::RowVisitor(take));
    result.changes += done.changes;
    result.lastInsertRowId = done.lastInsertRowId;
  }
  if (names) result.rows = Rows(names, std::move(rows));
  if (names && result.changes == 0) requireTriggers(executor, tables_.front());
  return result;
}

WriteResult QueryBuilder::write(std::string_view operation, std::size_t count, const Fill& fill) {
  return run(operation, [&]() -> WriteResult {
    const bool isSingle = count == 1;
    // Rows that a write gives back are read once more where it is repeated, so those begin anew with it.
    const Clause returns = returned();
    if (isSingle && (returns.text.empty() || pool_ == nullptr)) {
      return withExecutor([&](StatementExecutor& executor) { return writeIn(executor, count, fill, returns); });
    }
    const auto work = [&](Transaction& tx) { return writeIn(tx, count, fill, returns); };
    if (pool_ != nullptr) return pool_->transaction(work, {.timeout = timeout_});
    if (timeout_) return withExecutor([](StatementExecutor& /*executor*/) { return WriteResult{}; });  // Refuses.
    if (transaction_ == nullptr) refuse("several rows at once need a pool or a Transaction");
    return transaction_->transaction(work);
  });
}

void QueryBuilder::fillInsert(Statement& statement, const ColumnValues& row) const {
  requireDifferent(row);
  statement.add("INSERT INTO ", from_);
  if (row.empty()) {
    statement.add(" DEFAULT VALUES");
    return;
  }
  const char* separator = " (";
  for (const ColumnValue& value : row) {
    statement.add(separator);
    appendIdentifier(statement.text, value.column);
    separator = ", ";
  }
  separator = ") VALUES (";
  for (const ColumnValue& value : row) {
    statement.add(separator);
    addValue(statement.text, statement.values, value);
    separator = ", ";
  }
  statement.add(")");
}

WriteResult QueryBuilder::insert(const ColumnValues& row) {
  requirePlainWrite("insert()", false);
  return write("insert", 1, [&](Statement& statement, std::size_t) { fillInsert(statement, row); });
}

WriteResult QueryBuilder::insertMany(const std::vector<ColumnValues>& rows) {
  requirePlainWrite("insertMany()", false);
  if (rows.empty()) return {};
  return write("insert", rows.size(), [&](Statement& statement, std::size_t i) { fillInsert(statement, rows[i]); });
}

WriteResult QueryBuilder::update(const ColumnValues& changes) {
  requirePlainWrite("update()", true);
  requireMeantForAll();
  if (changes.empty()) refuse("an update of nothing: name a column");
  requireDifferent(changes);
  return write("update", 1, [&](Statement& statement, std::size_t) {
    statement.add("UPDATE ", from_);
    const char* separator = " SET ";
    for (const ColumnValue& change : changes) {
      statement.add(separator);
      appendIdentifier(statement.text, change.column);
      statement.add(" = ");
      addValue(statement.text, statement.values, change);
      separator = ", ";
    }
    statement.add(" WHERE ", where_);
  });
}

WriteResult QueryBuilder::remove() {
  requirePlainWrite("remove()", true);
  requireMeantForAll();
  return write("remove", 1, [&](Statement& statement, std::size_t) {
    statement.add("DELETE FROM ", from_);
    statement.add(" WHERE ", where_);
  });
}

}  // namespace holdfast
