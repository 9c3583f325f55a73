#include <holdfast/repository.hpp>

#include <algorithm>

#include <holdfast/error.hpp>

#include "metrics/counter.hpp"
#include "metrics/histogram.hpp"
#include "query/identifier.hpp"
#include "repository/update_texts.hpp"

namespace holdfast::detail {

struct RepositoryCore::State {
  State(std::string_view name, const RepositoryOptions& wanted) : table(name), options(wanted) {}

  const std::string_view table;
  const RepositoryOptions options;
  Counter calls;
  Counter errors;
  UpdateTexts updates;
  std::array<LatencyHistogram, 5> latencies;
};

/// One call: counted, timed now and then, and named in the error that it ends with.
class RepositoryCore::Call {
 public:
  Call(State& state, Operation operation) noexcept : state_(state), operation_(operation) {
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
      return body();
    } catch (Error& error) {
      state_.errors.add();
      error.addFrame(name());
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
    return std::string(kNames[static_cast<std::size_t>(operation_)]).append(" in ").append(state_.table);
  }

  State& state_;
  Operation operation_;
  bool sampled_ = false;
  std::chrono::steady_clock::time_point start_;
  inline static constinit thread_local std::uint32_t count_ = 0;
};

void throwUnmapped(std::string_view table) {
  throw Error(ErrorCode::InvalidArgument,
              std::string("a member that is no column of \"").append(table).append("\": add it to the mapping"));
}

void throwNothingToChange() { throw Error(ErrorCode::InvalidArgument, "an update of nothing: name a column"); }

void throwChangedTwice() { throw Error(ErrorCode::InvalidArgument, "an update names a column twice"); }

RepositoryCore::RepositoryCore(ConnectionPool& pool, std::string_view table, const RepositoryOptions& options)
    : pool_(&pool), state_(std::make_shared<State>(table, options)) {}

RepositoryCore RepositoryCore::in(Transaction& transaction) const {
  RepositoryCore inside = *this;
  inside.transaction_ = &transaction;
  return inside;
}

void RepositoryCore::read(Operation operation, const Sql& sql, std::span<const ValueView> values, RowVisitor visit,
                          const std::optional<std::chrono::milliseconds>& timeout) const {
  Call(*state_, operation).run([&] {
    if (transaction_ != nullptr) return transaction_->visitBound(sql, values, visit);
    const auto& limit = timeout ? timeout : state_->options.queryTimeout;
    if (!limit) return pool_->visitBound(sql, values, visit);
    pool_->with({.timeout = limit}).visitBound(sql, values, visit);
  });
}

RunResult RepositoryCore::write(Operation operation, const Sql& sql, std::span<const ValueView> values) const {
  return Call(*state_, operation).run([&] {
    if (transaction_ != nullptr) return transaction_->runBound(sql, values);
    return pool_->with(callOptions()).runBound(sql, values);
  });
}

RunResult RepositoryCore::writeReturning(Operation operation, const Sql& sql, std::span<const ValueView> values,
                                         RowVisitor visit) const {
  return Call(*state_, operation).run([&] {
    if (transaction_ != nullptr) return transaction_->runReturningBound(sql, values, visit);
    return pool_->with(callOptions()).runReturningBound(sql, values, visit);
  });
}

RunResult RepositoryCore::update(const UpdateByKey& update, std::span<const ValueView> values, RowVisitor visit) const {
  if (update.columns.empty()) throwNothingToChange();
  if (const Sql* known = state_->updates.find(update.columns)) {
    return writeReturning(Operation::Update, *known, values, visit);
  }
  std::string text(update.begin);
  const char* separator = "";
  for (auto left = update.columns; !left.empty(); left = left.subspan(1)) {
    const std::string_view column = left.front();
    if (std::find(left.begin() + 1, left.end(), column) != left.end()) throwChangedTwice();
    text += separator;
    appendIdentifier(text, column);
    text += " = ?";
    separator = ", ";
  }
  const Sql sql = Sql::unchecked(text.append(update.end));
  const Sql* kept = state_->updates.add(update.columns, sql);
  return writeReturning(Operation::Update, kept != nullptr ? *kept : sql, values, visit);
}

void RepositoryCore::inTransaction(Operation operation, const std::function<void(Transaction&)>& work) const {
  Call(*state_, operation).run([&] {
    if (transaction_ != nullptr) return transaction_->transaction([&](Transaction& nested) { work(nested); });
    pool_->transaction([&](Transaction& tx) { work(tx); },
                       {.timeout = state_->options.queryTimeout, .maxRetries = state_->options.maxRetries});
  });
}

CallOptions RepositoryCore::callOptions() const {
  return {.timeout = state_->options.queryTimeout, .maxRetries = state_->options.maxRetries};
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
  if (!limit && offset == 0) return;
  text += " LIMIT ?";
  values.emplace_back(limit.value_or(-1));
  if (offset == 0) return;  // SQLite would look at it for each row.
  text += " OFFSET ?";
  values.emplace_back(offset);
}

}  // namespace holdfast::detail
