#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <holdfast/condition.hpp>
#include <holdfast/connection_pool.hpp>
#include <holdfast/detail/table_facts.hpp>
#include <holdfast/detail/table_shape.hpp>
#include <holdfast/repository_options.hpp>

namespace holdfast::detail {

[[noreturn]] void throwNothingToChange();
void refuseInclude(bool included);
void requirePageSize(std::size_t size);
[[noreturn]] void throwNoRepository(std::string_view table);

enum class Operation : std::uint8_t { Find, List, Create, Update, Remove };

/// What bounds one call, and what it is about.
struct CallScope {
  /// The values of its key, or of all its columns, where the call is about one row: for the error it may end with.
  std::span<const ValueView> row = {};
  /// Nothing: the repository's. Has no meaning in a transaction, which has a time of its own.
  std::optional<std::chrono::milliseconds> timeout = {};
  /// Null: the one that the repository is in, if it is in one.
  Transaction* transaction = nullptr;
};

/// What all repositories share, without the types of their entities.
class RepositoryCore {
 public:
  RepositoryCore(ConnectionPool& pool, const TableShape& shape, const RepositoryOptions& options);
  /// The same in a transaction, counted with the original.
  RepositoryCore in(Transaction& transaction) const;
  /// Null outside of one.
  Transaction* transaction() const noexcept { return transaction_; }

  void read(Operation operation, const Sql& sql, std::span<const ValueView> values, RowVisitor visit,
            const CallScope& scope = {}) const;
  /// Several reads on one consistent view.
  void readTogether(Operation operation, const CallScope& scope,
                    const std::function<void(StatementExecutor&)>& work) const;
  RunResult write(Operation operation, const Sql& sql, std::span<const ValueView> values,
                  const CallScope& scope = {}) const;
  /// A write that returns rows.
  RunResult writeReturning(Operation operation, const Sql& sql, std::span<const ValueView> values, RowVisitor visit,
                           const CallScope& scope = {}) const;
  /// In the transaction that there is, else in one of its own.
  void inTransaction(Operation operation, const std::function<void(Transaction&)>& work) const;

  /// A query that stands on one of its rows, counted as one call.
  class Stream;
  Stream stream(const Sql& sql, std::span<const ValueView> values, const CallScope& scope) const;

  void createTable(const TableFacts& facts) const;
  RepositoryMetrics metrics() const;
  ConnectionPool& pool() const noexcept { return *pool_; }

 private:
  struct State;
  class Call;
  Transaction* transactionOf(const CallScope& scope) const noexcept {
    return scope.transaction != nullptr ? scope.transaction : transaction_;
  }
  CallOptions callOptions(const CallScope& scope) const;

  ConnectionPool* pool_;
  Transaction* transaction_ = nullptr;
  std::shared_ptr<State> state_;
};

class RepositoryCore::Stream {
 public:
  /// False after the last row. What fails ends it, `visit` included.
  bool next(RowVisitor visit);

 private:
  friend class RepositoryCore;
  Stream(std::shared_ptr<State> state, RowCursor cursor) noexcept
      : state_(std::move(state)), cursor_(std::move(cursor)) {}

  std::shared_ptr<State> state_;
  RowCursor cursor_;
};

/// The text and the values of a query that is put together at run time.
struct QueryText {
  explicit QueryText(std::string_view begin) : text(begin) {}
  /// Begins as SELECT of the chosen columns.
  QueryText(const TableShape& shape, std::span<const bool> chosen);
  void where(const Condition& condition);
  /// Throws Error{InvalidArgument} for an empty condition.
  void whereMeant(const Condition& condition);
  void assign(std::string_view column, const Value& value, bool first);
  void orderBy(std::string_view column, Order order, bool first);
  void limit(std::optional<std::int64_t> limit, std::int64_t offset);
  Sql sql() const { return Sql::unchecked(text); }

  std::string text;
  std::vector<ValueView> values;
};

}  // namespace holdfast::detail
