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

#include <holdfast/cache_manager.hpp>
#include <holdfast/condition.hpp>
#include <holdfast/connection_pool.hpp>
#include <holdfast/detail/cache_key.hpp>
#include <holdfast/detail/table_facts.hpp>
#include <holdfast/detail/table_shape.hpp>
#include <holdfast/repository_options.hpp>

namespace holdfast::detail {

[[noreturn]] void throwNothingToChange();
void refuseInclude(bool included);
[[noreturn]] void throwRowIgnored(std::string_view table);
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

/// An update of one row: its text, but for the columns that are changed.
struct UpdateByKey {
  std::string_view begin;
  std::span<const std::string_view> columns;
  std::string_view end;
};

/// What all repositories share, without the types of their entities.
class RepositoryCore {
 public:
  RepositoryCore(ConnectionPool& pool, const TableShape& shape, const RepositoryOptions& options);
  /// The same in a transaction, counted with the original.
  RepositoryCore in(Transaction& transaction) const;
  /// Null outside of one.
  Transaction* transaction() const noexcept { return transaction_; }

  /// Tables as their CacheSource::Parts.
  using Tables = CacheSource::Parts;
  /// Returns the tables that were read; none in a transaction.
  Tables read(Operation operation, const Sql& sql, std::span<const ValueView> values, RowVisitor visit,
              const CallScope& scope = {}) const;
  /// Several reads on one consistent view.
  Tables readTogether(Operation operation, const CallScope& scope,
                      const std::function<void(StatementExecutor&)>& work) const;
  /// Whether results are kept: not in a transaction, which sees what nobody else may.
  bool caches(const CallScope& scope = {}) const noexcept { return hasCache_ && transactionOf(scope) == nullptr; }
  /// What the cache has for the key, or what `load()`, which returns CacheManager::Loaded<T>, reads. Only where
  /// caches().
  template <typename T, typename Load>
  std::shared_ptr<const T> cached(const CacheKey& key, const CallScope& scope, Load load) const {
    const auto read = [&] {
      CacheManager::Loaded<T> result = load();
      noteTables(result.parts);
      return result;
    };
    return cacheForCall().get<T>(key.bytes(), likelyTables(), read, timeoutOf(scope));
  }
  /// Calls `take` as CacheManager::take() does. False where it is not there.
  template <typename T, typename Take>
  bool takeCached(const CacheKey& key, Take take) const {
    return cacheForCall().take<T>(key.bytes(), likelyTables(), take);
  }
  /// Throws Error{Misuse} where there is none.
  CacheManager& cache() const;
  /// Calls `look` now, and with `changed` after each commit that may have changed what it read, whose tables it sets.
  using Look = std::function<void(bool changed, Tables& tables)>;
  Observation observe(Look look) const;
  RunResult write(Operation operation, const Sql& sql, std::span<const ValueView> values,
                  const CallScope& scope = {}) const;
  /// A write that returns rows.
  RunResult writeReturning(Operation operation, const Sql& sql, std::span<const ValueView> values, RowVisitor visit,
                           const CallScope& scope = {}) const;
  /// An update that returns its row. Always with the same text around the columns; which columns is looked up.
  RunResult update(const UpdateByKey& update, std::span<const ValueView> values, RowVisitor visit,
                   const CallScope& scope) const;
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
  CacheManager& cacheForCall() const;
  Tables likelyTables() const noexcept;
  void noteTables(Tables tables) const noexcept;
  std::optional<std::chrono::milliseconds> timeoutOf(const CallScope& scope) const;

  ConnectionPool* pool_;
  bool hasCache_ = false;
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

/// Throws Error: Misuse in a transaction, InvalidArgument where there is no function to call.
void requireObservable(const RepositoryCore& core, const Transaction* transaction, bool hasFunction);

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
