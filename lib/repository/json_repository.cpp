#include <holdfast/json_repository.hpp>

#include <algorithm>
#include <array>
#include <exception>

#include <nlohmann/json.hpp>

#include <holdfast/error.hpp>

#include "core/port/mutex.hpp"
#include "query/identifier.hpp"
#include "repository/json_binding.hpp"
#include "repository/unknown_name.hpp"

namespace holdfast {
namespace {

using detail::Operation;
using Layout = std::shared_ptr<const JsonLayout>;

/// A statement and the values for it.
struct BoundStatement {
  std::string text;
  std::vector<ValueView> values;

  void addNames(const BoundColumns& columns, const char* separator) {
    for (const auto& [name, value] : columns) {
      text += separator;
      appendIdentifier(text, name);
      separator = ", ";
    }
  }
  void addAssignments(const BoundColumns& columns) {
    const char* separator = " SET ";
    for (const auto& [name, value] : columns) {
      text += separator;
      appendIdentifier(text, name);
      text += " = ?";
      values.push_back(value.view());
      separator = ", ";
    }
  }
  void addKey(const JsonLayout& layout, const std::vector<Value>& key) {
    const auto names = layout.rowKey();
    for (std::size_t i = 0; i < key.size(); ++i) {
      text += i == 0 ? " WHERE " : " AND ";
      appendIdentifier(text, names[i]);
      text += " = ?";
      values.push_back(key[i].view());
    }
  }
  void addReplacement(const JsonLayout& layout, const BoundColumns& columns) {
    const char* separator = " ON CONFLICT (";
    for (const ColumnSchema* column : layout.key()) {
      text += separator;
      appendIdentifier(text, column->name);
      separator = ", ";
    }
    const auto isKey = [&](std::string_view name) { return layout.schema().find(name)->keyPosition > 0; };
    const bool onlyKey =
        std::all_of(columns.begin(), columns.end(), [&](const auto& column) { return isKey(column.first); });
    separator = ") DO UPDATE SET ";
    for (const auto& [name, value] : columns) {
      // Where nothing but the key is given it is "changed" to itself, so that the row comes back.
      if (isKey(name) && !onlyKey) continue;
      text += separator;
      appendIdentifier(text, name);
      text += " = excluded.";
      appendIdentifier(text, name);
      separator = ", ";
    }
  }
  void addWhere(const Condition& condition) {
    if (condition.empty()) return;
    text.append(" WHERE ").append(condition.text());
    for (const Value& value : condition.values()) values.push_back(value.view());
  }
  Sql sql() const { return Sql::unchecked(text); }
};

BoundStatement beginning(const char* words, const JsonLayout& layout) {
  BoundStatement bound;
  bound.text = words;
  appendIdentifier(bound.text, layout.schema().name);
  return bound;
}

BoundStatement insertion(const JsonLayout& layout, const BoundColumns& columns) {
  BoundStatement bound = beginning("INSERT INTO ", layout);
  if (columns.empty()) {
    bound.text += " DEFAULT VALUES";
    return bound;
  }
  bound.addNames(columns, " (");
  const char* separator = ") VALUES (";
  for (const auto& [name, value] : columns) {
    bound.text.append(separator).append("?");
    bound.values.push_back(value.view());
    separator = ", ";
  }
  bound.text += ')';
  return bound;
}

/// Carries out a write of one record and reads the record as it is then; nothing where no row was written.
///
/// Of RETURNING only the key is used: it does not know what triggers do afterwards, SQLite 3.40 gives its columns the
/// type of the table's first one (a unary plus keeps it from that), and what is wrong with the record must be known
/// before COMMIT.
std::optional<Json> writeOne(Transaction& tx, const JsonLayout& layout, BoundStatement& write) {
  const char* separator = " RETURNING +";
  for (const std::string_view name : layout.rowKey()) {
    write.text += separator;
    appendIdentifier(write.text, name);
    separator = ", +";
  }
  std::vector<Value> key;
  auto takeKey = [&key](const RowView& row) {
    key.clear();
    for (std::size_t i = 0; i < row.size(); ++i) key.emplace_back(row.at(i));
  };
  tx.runReturningBound(write.sql(), write.values, detail::RowVisitor(takeKey));
  std::optional<Json> record;
  if (key.empty()) return record;
  BoundStatement read = beginning("SELECT * FROM ", layout);
  read.addKey(layout, key);
  auto take = [&](const RowView& row) { record = layout.read(row); };
  tx.visitBound(read.sql(), read.values, detail::RowVisitor(take));
  return record;
}

void requireMeant(const Condition& condition) {
  if (!condition.empty()) return;
  throw Error(ErrorCode::InvalidArgument,
              "an empty condition would change every record: say Condition::raw(\"1\") where that is meant");
}

}  // namespace

struct JsonRepository::State {
  State(std::string_view tableName, const JsonRepositoryOptions& wanted) : table(tableName), options(wanted) {}

  Layout known() HOLDFAST_EXCLUDES(mutex) {
    const port::LockGuard lock(mutex);
    return layout;
  }
  Layout read(StatementExecutor& executor) HOLDFAST_EXCLUDES(mutex) {
    auto fresh = std::make_shared<const JsonLayout>(executor, table, options.jsonColumns);
    const port::LockGuard lock(mutex);
    layout = fresh;
    return fresh;
  }

  const std::string table;
  const detail::TableShape shape{table, {}, {}};  // Columns and keys are known only at run time.
  const JsonRepositoryOptions options;
  port::Mutex mutex;
  Layout layout HOLDFAST_GUARDED_BY(mutex);
};

JsonRepository::JsonRepository(ConnectionPool& pool, std::string_view table, const JsonRepositoryOptions& options)
    : state_(std::make_shared<State>(table, options)),
      core_(pool, state_->shape, {.queryTimeout = options.queryTimeout, .maxRetries = options.maxRetries}) {}

JsonRepository::JsonRepository(std::shared_ptr<State> state, detail::RepositoryCore core, Transaction* transaction)
    : state_(std::move(state)), core_(std::move(core)), transaction_(transaction) {}

JsonRepository JsonRepository::in(Transaction& transaction) const {
  return {state_, core_.in(transaction), &transaction};
}

StatementExecutor& JsonRepository::executor() const {
  if (transaction_ != nullptr) return *transaction_;
  return core_.pool();
}

template <typename F>
auto JsonRepository::withLayout(F body) const {
  try {
    if (const Layout known = state_->known()) {
      try {
        return body(*known);
      } catch (const Error& error) {
        // What came of a schema that has changed since; nothing has been written or shown yet.
        if (error.code() != ErrorCode::InvalidArgument && error.code() != ErrorCode::InvalidSql) throw;
      }
    }
    return body(*state_->read(executor()));
  } catch (const Error& error) {
    const std::array<std::string, 1> tables{state_->table};
    try {
      throwUnknownName(executor(), tables, error);
    } catch (const Error& better) {
      if (better.code() == ErrorCode::InvalidArgument) throw;
    }
    throw;
  }
}

std::optional<Json> JsonRepository::findById(const Json& key) const {
  return withLayout([&](const JsonLayout& layout) {
    const std::vector<Value> values = layout.ofKey(key);
    BoundStatement bound = beginning("SELECT * FROM ", layout);
    bound.addKey(layout, values);
    std::optional<Json> found;
    auto take = [&](const RowView& row) {
      found = layout.read(row);
      return false;
    };
    core_.read(Operation::Find, bound.sql(), bound.values, detail::RowVisitor(take));
    return found;
  });
}

bool JsonRepository::exists(const Json& key) const {
  return withLayout([&](const JsonLayout& layout) {
    const std::vector<Value> values = layout.ofKey(key);
    BoundStatement bound = beginning("SELECT 1 FROM ", layout);
    bound.addKey(layout, values);
    bool found = false;
    auto take = [&](const RowView&) {
      found = true;
      return false;
    };
    core_.read(Operation::Find, bound.sql(), bound.values, detail::RowVisitor(take));
    return found;
  });
}

void JsonRepository::forEach(const JsonQueryOptions& options, const std::function<bool(const Json&)>& visit) const {
  if (options.offset < 0 || options.limit.value_or(0) < 0) {
    throw Error(ErrorCode::InvalidArgument, "limit and offset take no negative number");
  }
  // An error of the visitor's own is no sign of another schema: it travels past withLayout().
  std::exception_ptr failure;
  withLayout([&](const JsonLayout& layout) {
    std::string names = "SELECT ";
    for (const std::string& column : options.select) {
      if (names.back() != ' ') names += ", ";
      appendIdentifier(names, column);
    }
    BoundStatement bound = beginning(names.append(options.select.empty() ? "* FROM " : " FROM ").c_str(), layout);
    bound.addWhere(options.where);
    const char* separator = " ORDER BY ";
    for (const JsonOrdering& ordering : options.orderBy) {
      bound.text += separator;
      appendIdentifier(bound.text, ordering.column);
      if (ordering.order == Order::Descending) bound.text += " DESC";
      separator = ", ";
    }
    if (options.limit || options.offset > 0) {
      bound.text += " LIMIT ? OFFSET ?";
      bound.values.emplace_back(options.limit.value_or(-1));
      bound.values.emplace_back(options.offset);
    }
    auto take = [&](const RowView& row) {
      const Json record = layout.read(row);
      try {
        return visit(record);
      } catch (...) {
        failure = std::current_exception();
        return false;
      }
    };
    core_.read(Operation::List, bound.sql(), bound.values, detail::RowVisitor(take), {.timeout = options.timeout});
  });
  if (failure) std::rethrow_exception(failure);
}

std::vector<Json> JsonRepository::findMany(const JsonQueryOptions& options) const {
  std::vector<Json> found;
  forEach(options, [&found](const Json& record) {
    found.push_back(record);
    return true;
  });
  return found;
}

std::optional<Json> JsonRepository::findOne(const JsonQueryOptions& options) const {
  std::optional<Json> found;
  forEach(options, [&found](const Json& record) {
    found = record;
    return false;
  });
  return found;
}

std::int64_t JsonRepository::count(const JsonQueryOptions& options) const {
  return withLayout([&](const JsonLayout& layout) {
    BoundStatement bound = beginning("SELECT count(*) FROM ", layout);
    bound.addWhere(options.where);
    std::int64_t total = 0;
    auto take = [&total](const RowView& row) { total = row.get<std::int64_t>(0); };
    core_.read(Operation::List, bound.sql(), bound.values, detail::RowVisitor(take), {.timeout = options.timeout});
    return total;
  });
}

Json JsonRepository::create(const Json& record) const {
  return withLayout([&](const JsonLayout& layout) {
    const BoundColumns columns = layout.ofRecord(record);
    Json created;
    core_.inTransaction(Operation::Create, [&](Transaction& tx) {
      BoundStatement bound = insertion(layout, columns);
      created = writeOne(tx, layout, bound).value_or(Json());
    });
    return created;
  });
}

std::vector<Json> JsonRepository::createMany(const std::vector<Json>& records) const {
  return withLayout([&](const JsonLayout& layout) {
    std::vector<Json> created;
    core_.inTransaction(Operation::Create, [&](Transaction& tx) {
      created.clear();
      for (const Json& record : records) {
        const BoundColumns columns = layout.ofRecord(record);
        BoundStatement bound = insertion(layout, columns);
        created.push_back(writeOne(tx, layout, bound).value_or(Json()));
      }
    });
    return created;
  });
}

std::optional<Json> JsonRepository::update(const Json& key, const Json& changes) const {
  return withLayout([&](const JsonLayout& layout) {
    const std::vector<Value> values = layout.ofKey(key);
    const BoundColumns columns = layout.ofChanges(changes, &key);
    std::optional<Json> changed;
    core_.inTransaction(Operation::Update, [&](Transaction& tx) {
      BoundStatement bound = beginning("UPDATE ", layout);
      bound.addAssignments(columns);
      bound.addKey(layout, values);
      changed = writeOne(tx, layout, bound);
    });
    return changed;
  });
}

std::int64_t JsonRepository::updateMany(const Condition& where, const Json& changes) const {
  requireMeant(where);
  return withLayout([&](const JsonLayout& layout) {
    const BoundColumns columns = layout.ofChanges(changes, nullptr);
    BoundStatement bound = beginning("UPDATE ", layout);
    bound.addAssignments(columns);
    bound.addWhere(where);
    return core_.write(Operation::Update, bound.sql(), bound.values).changes;
  });
}

Json JsonRepository::upsert(const Json& record) const {
  return withLayout([&](const JsonLayout& layout) {
    const BoundColumns columns = layout.ofRecord(record);
    if (layout.key().empty()) layout.ofKey(record);  // Says that there is none.
    Json written;
    core_.inTransaction(Operation::Create, [&](Transaction& tx) {
      BoundStatement bound = insertion(layout, columns);
      if (!columns.empty()) bound.addReplacement(layout, columns);
      written = writeOne(tx, layout, bound).value_or(Json());
    });
    return written;
  });
}

bool JsonRepository::remove(const Json& key) const {
  return withLayout([&](const JsonLayout& layout) {
    const std::vector<Value> values = layout.ofKey(key);
    BoundStatement bound = beginning("DELETE FROM ", layout);
    bound.addKey(layout, values);
    return core_.write(Operation::Remove, bound.sql(), bound.values).changes > 0;
  });
}

std::int64_t JsonRepository::removeMany(const Condition& where) const {
  requireMeant(where);
  return withLayout([&](const JsonLayout& layout) {
    BoundStatement bound = beginning("DELETE FROM ", layout);
    bound.addWhere(where);
    return core_.write(Operation::Remove, bound.sql(), bound.values).changes;
  });
}

TableSchema JsonRepository::schema() const {
  return withLayout([](const JsonLayout& layout) { return layout.schema(); });
}

RepositoryMetrics JsonRepository::metrics() const { return core_.metrics(); }

}  // namespace holdfast
