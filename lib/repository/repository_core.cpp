#include <holdfast/detail/repository_core.hpp>

#include <holdfast/error.hpp>
#include <holdfast/field.hpp>

#include "core/out_of_memory.hpp"
#include "core/port/thread_local.hpp"
#include "metrics/counter.hpp"
#include "metrics/histogram.hpp"
#include "pool/pool_internals.hpp"
#include "query/identifier.hpp"
#include "repository/repository_cache.hpp"
#include "repository/update_texts.hpp"

namespace holdfast::detail {

struct RepositoryCore::State {
  State(const TableShape& table, const RepositoryOptions& wanted) : shape(table), options(wanted) {}

  const TableShape& shape;
  const RepositoryOptions options;
  Counter calls;
  Counter errors;
  UpdateTexts updates;
  std::array<LatencyHistogram, 5> latencies;
  std::unique_ptr<RepositoryCache> cache;
};

/// One call: counted, timed now and then, and named in the error that it ends with.
class RepositoryCore::Call {
 public:
  Call(State& state, Operation operation, std::span<const ValueView> row = {}) noexcept
      : state_(state), operation_(operation), row_(row) {
    // A prime, so that a program that repeats itself is not always met at the same call.
    sampled_ = ++count_ % kEvery == 0;
    if (sampled_) start_ = std::chrono::steady_clock::now();
    state_.calls.add();
  }
  template <typename F>
  auto run(F body) {
    try {
      struct End {
        Call& call;
        ~End() { call.end(); }
      } end{*this};
      return translatingBadAlloc(body);
    } catch (Error& error) {
      state_.errors.add();
      addFrameIfPossible(error, [this] { return name(); });
      throw;
    } catch (...) {
      state_.errors.add();
      throw;
    }
  }

 private:
  static constexpr std::uint32_t kEvery = 61;

  void end() noexcept {
    if (!sampled_) return;
    state_.latencies[static_cast<std::size_t>(operation_)].record(std::chrono::steady_clock::now() - start_, kEvery);
  }
  std::string name() const {
    static constexpr std::array<std::string_view, 5> kNames{"find", "list", "create", "update", "remove"};
    return std::string(kNames[static_cast<std::size_t>(operation_)])
        .append(" in ")
        .append(describeRow(state_.shape, row_));
  }

  State& state_;
  Operation operation_;
  std::span<const ValueView> row_;
  bool sampled_ = false;
  std::chrono::steady_clock::time_point start_;
  inline static constinit HOLDFAST_THREAD_LOCAL std::uint32_t count_ = 0;
};

void throwUnmapped(std::string_view table) {
  throw Error(ErrorCode::InvalidArgument,
              std::string("a member that is no column of \"").append(table).append("\": add it to the mapping"));
}

void throwNoRelation(std::string_view table) {
  throw Error(ErrorCode::InvalidArgument, std::string("include of a member that is in no relation of \"")
                                              .append(table)
                                              .append("\": add it to the mapping"));
}

void throwNothingToChange() { throw Error(ErrorCode::InvalidArgument, "an update of nothing: name a column"); }

void throwRowIgnored(std::string_view table) {
  throw Error(ErrorCode::Constraint, std::string("a trigger or a conflict clause of \"")
                                         .append(table)
                                         .append("\" has ignored the row: it was not added"));
}

void refuseInclude(bool included) {
  if (!included) return;
  throw Error(ErrorCode::InvalidArgument,
              "include where one row is held at a time would be a query for each: use findMany() or page()");
}

void requirePageSize(std::size_t size) {
  if (size > 0 && size <= 1'000'000'000) return;
  throw Error(ErrorCode::InvalidArgument, "the size of a page is from 1 to 1,000,000,000");
}

void throwNoRepository(std::string_view table) {
  throw Error(ErrorCode::Misuse,
              std::string("no database was given to the records of \"").append(table).append("\": call use() first"));
}

RepositoryCore::RepositoryCore(ConnectionPool& pool, const TableShape& shape, const RepositoryOptions& options)
    : pool_(&pool), hasCache_(options.cacheEnabled), state_(std::make_shared<State>(shape, options)) {
  if (!hasCache_) return;
  state_->cache = std::make_unique<RepositoryCache>(
      pool,
      CacheOptions{.ttl = options.cacheTtl,
                   .maxEntries = options.cacheMaxEntries,
                   .maxBytes = options.cacheMaxBytes,
                   .clock = options.clock,
                   .nameOf = [table = shape.name](std::string_view key) { return CacheKey::nameOf(table, key); }});
}

RepositoryCore RepositoryCore::in(Transaction& transaction) const {
  RepositoryCore inside = *this;
  inside.transaction_ = &transaction;
  return inside;
}

RepositoryCore::Tables RepositoryCore::read(Operation operation, const Sql& sql, std::span<const ValueView> values,
                                            RowVisitor visit, const CallScope& scope) const {
  return Call(*state_, operation, scope.row).run([&]() -> Tables {
    if (Transaction* transaction = transactionOf(scope)) {
      transaction->visitBound(sql, values, visit);
      return 0;
    }
    return PoolInternals::visit(*pool_, callOptions(scope), sql, values, visit);
  });
}

RepositoryCore::Tables RepositoryCore::readTogether(Operation operation, const CallScope& scope,
                                                    const std::function<void(StatementExecutor&)>& work) const {
  return Call(*state_, operation, scope.row).run([&]() -> Tables {
    if (Transaction* transaction = transactionOf(scope)) {
      work(*transaction);
      return 0;
    }
    return pool_->read(
        [&work](ReadTransaction& snapshot) {
          PoolInternals::takeTablesRead(snapshot);
          work(snapshot);
          return PoolInternals::takeTablesRead(snapshot);
        },
        callOptions(scope));
  });
}

CacheManager& RepositoryCore::cache() const {
  if (state_->cache != nullptr) return state_->cache->manager();
  throw Error(ErrorCode::Misuse, "the repository has no cache: set RepositoryOptions::cacheEnabled");
}

CacheManager& RepositoryCore::cacheForCall() const {
  PoolInternals::requireCallable(*pool_);
  return state_->cache->manager();
}

RepositoryCore::Tables RepositoryCore::likelyTables() const noexcept { return state_->cache->likelyTables(); }

void RepositoryCore::noteTables(Tables tables) const noexcept { state_->cache->noteTables(tables); }

std::optional<std::chrono::milliseconds> RepositoryCore::timeoutOf(const CallScope& scope) const {
  return scope.timeout ? scope.timeout : state_->options.queryTimeout;
}

void requireObservable(const RepositoryCore& core, const Transaction* transaction, bool hasFunction) {
  if (!hasFunction) throw Error(ErrorCode::InvalidArgument, "observe() without a function to call");
  if (transaction == nullptr && core.transaction() == nullptr) return;
  throw Error(ErrorCode::Misuse, "observe() in a transaction, which ends: observe the repository itself");
}

Observation RepositoryCore::observe(Look look) const {
  Tables tables = 0;
  look(false, tables);
  return PoolInternals::observe(*pool_, tables, [look = std::move(look)](TableSet& observed) { look(true, observed); });
}

RunResult RepositoryCore::write(Operation operation, const Sql& sql, std::span<const ValueView> values,
                                const CallScope& scope) const {
  return writeReturning(operation, sql, values, RowVisitor::none(), scope);
}

RunResult RepositoryCore::writeReturning(Operation operation, const Sql& sql, std::span<const ValueView> values,
                                         RowVisitor visit, const CallScope& scope) const {
  return Call(*state_, operation, scope.row).run([&] {
    if (Transaction* transaction = transactionOf(scope)) return transaction->runReturningBound(sql, values, visit);
    return pool_->with(callOptions(scope)).runReturningBound(sql, values, visit);
  });
}

RunResult RepositoryCore::update(const UpdateByKey& update, std::span<const ValueView> values, RowVisitor visit,
                                 const CallScope& scope) const {
  if (update.columns.empty()) throwNothingToChange();
  if (const Sql* known = state_->updates.find(update.columns)) {
    return writeReturning(Operation::Update, *known, values, visit, scope);
  }
  std::string text(update.begin);
  const char* separator = "";
  for (const std::string_view column : update.columns) {
    text += separator;
    appendIdentifier(text, column);
    text += " = ?";
    separator = ", ";
  }
  const Sql sql = Sql::unchecked(text.append(update.end));
  const Sql* kept = state_->updates.add(update.columns, sql);
  return writeReturning(Operation::Update, kept != nullptr ? *kept : sql, values, visit, scope);
}

void RepositoryCore::inTransaction(Operation operation, const std::function<void(Transaction&)>& work) const {
  Call(*state_, operation).run([&] {
    if (transaction_ != nullptr) return transaction_->transaction([&](Transaction& nested) { work(nested); });
    pool_->transaction([&](Transaction& tx) { work(tx); },
                       {.timeout = state_->options.queryTimeout, .maxRetries = state_->options.maxRetries});
  });
}

RepositoryCore::Stream RepositoryCore::stream(const Sql& sql, std::span<const ValueView> values,
                                              const CallScope& scope) const {
  return Call(*state_, Operation::List).run([&] {
    if (Transaction* transaction = transactionOf(scope)) return Stream(state_, transaction->cursor(sql, values));
    return Stream(state_, pool_->cursor(sql, values, callOptions(scope)));
  });
}

bool RepositoryCore::Stream::next(RowVisitor visit) {
  try {
    return translatingBadAlloc([&] {
      const RowView* row = cursor_.next();
      if (row != nullptr) visit(*row);
      return row != nullptr;
    });
  } catch (Error& error) {
    cursor_.close();
    state_->errors.add();
    addFrameIfPossible(error, [this] { return "list in " + describeRow(state_->shape, {}); });
    throw;
  } catch (...) {
    cursor_.close();
    state_->errors.add();
    throw;
  }
}

CallOptions RepositoryCore::callOptions(const CallScope& scope) const {
  return {.timeout = timeoutOf(scope), .maxRetries = state_->options.maxRetries};
}

void RepositoryCore::createTable(const TableFacts& facts) const {
  inTransaction(Operation::Create, [&facts](Transaction& tx) {
    for (const std::string& statement : facts.createStatements()) tx.run(Sql::unchecked(statement));
  });
}

RepositoryMetrics RepositoryCore::metrics() const {
  RepositoryMetrics result;
  result.queryCount = state_->calls.value();
  result.errorCount = state_->errors.value();
  if (state_->cache != nullptr) result.cache = state_->cache->manager().metrics();
  result.queryCount += result.cache.hits + result.cache.sharedLoads;
  result.cacheHitRate = result.cache.hitRate;
  if (result.queryCount > 0) {
    result.errorRate = static_cast<double>(result.errorCount) / static_cast<double>(result.queryCount);
  }
  std::uint64_t measured = 0;
  std::chrono::nanoseconds total{0};
  const std::array<LatencySummary*, 5> summaries{&result.find, &result.list, &result.create, &result.update,
                                                 &result.remove};
  for (std::size_t i = 0; i < summaries.size(); ++i) {
    *summaries[i] = state_->latencies[i].summary();
    measured += summaries[i]->count;
    total += summaries[i]->mean * static_cast<std::int64_t>(summaries[i]->count);
  }
  if (measured > 0) result.averageQueryTime = total / static_cast<std::int64_t>(measured);
  return result;
}

QueryText::QueryText(const TableShape& shape, std::span<const bool> chosen) {
  const char* separator = "SELECT ";
  for (std::size_t column = 0; column < shape.columns.size(); ++column) {
    if (!chosen[column]) continue;
    text += separator;
    appendIdentifier(text, shape.columns[column]);
    separator = ", ";
  }
  text += " FROM ";
  appendIdentifier(text, shape.name);
}

void QueryText::where(const Condition& condition) {
  if (condition.empty()) return;
  text += " WHERE ";
  text += condition.text();
  for (const Value& value : condition.values()) values.push_back(value.view());
}

void QueryText::whereMeant(const Condition& condition) {
  if (condition.empty()) {
    throw Error(ErrorCode::InvalidArgument,
                "an empty condition would change every row: say everyRow() where that is meant");
  }
  where(condition);
}

void QueryText::assign(std::string_view column, const Value& value, bool first) {
  if (!first) text += ", ";
  appendIdentifier(text, column);
  text += " = ?";
  values.push_back(value.view());
}

void QueryText::orderBy(std::string_view column, Order order, bool first) {
  text += first ? " ORDER BY " : ", ";
  appendIdentifier(text, column);
  if (order == Order::Descending) text += " DESC";
}

void QueryText::limit(std::optional<std::int64_t> limit, std::int64_t offset) {
  if (limit.value_or(0) < 0 || offset < 0) {
    throw Error(ErrorCode::InvalidArgument, "limit and offset take no negative number");
  }
  if (!limit && offset == 0) return;
  text += " LIMIT ?";
  values.emplace_back(limit.value_or(-1));
  if (offset == 0) return;  // SQLite would look at it for each row.
  text += " OFFSET ?";
  values.emplace_back(offset);
}

}  // namespace holdfast::detail
