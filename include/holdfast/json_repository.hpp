#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/json_fwd.hpp>

#include <holdfast/condition.hpp>
#include <holdfast/connection_pool.hpp>
#include <holdfast/repository.hpp>
#include <holdfast/table_schema.hpp>

namespace holdfast {

struct JsonRepositoryOptions {
  /// Text columns that hold JSON, besides the ones that are declared JSON: objects and arrays in records, not strings.
  std::vector<std::string> jsonColumns = {};
  /// As in RepositoryOptions.
  std::optional<std::chrono::milliseconds> queryTimeout = {};
  std::optional<int> maxRetries = {};
};

struct JsonOrdering {
  std::string column = {};
  Order order = Order::Ascending;
};

struct JsonQueryOptions {
  std::vector<std::string> select = {};  ///< None: every column.
  Condition where = {};
  std::vector<JsonOrdering> orderBy = {};
  std::optional<std::int64_t> limit = {};
  std::int64_t offset = 0;
  /// Nothing: the repository's queryTimeout.
  std::optional<std::chrono::milliseconds> timeout = {};
};

/// A table whose records are JSON objects with a member for each column: for tables that no struct describes.
///
/// INTEGER is an integer (a column declared BOOL takes true and false, too, as do all integer columns: 1 and 0), REAL a
/// number, TEXT a string, NULL null, a blob {"$blob": base64}. A column of JSON takes and gives any value. In other
/// TEXT and ANY columns an object or array is stored as its text, and read as a string.
///
/// A record is checked against the table's schema before it is written: a member that is no column, a missing one that
/// is NOT NULL and has no default, a value of the wrong type or out of range, a generated column are
/// Error{InvalidArgument} naming table, column and key, and nothing has changed. The schema is read at first use, and
/// again when a record or statement does not fit the one that is known.
///
/// A key is a value; of a table whose key has several columns, an object. Any thread; copies are cheap and count
/// together. Calls block and throw as those of BaseRepository.
class JsonRepository {
 public:
  /// Does not look at the database yet.
  JsonRepository(ConnectionPool& pool, std::string_view table, const JsonRepositoryOptions& options = {});
  /// The same repository inside of a transaction, for as long as that lives.
  JsonRepository in(Transaction& transaction) const;

  std::optional<Json> findById(const Json& key) const;
  bool exists(const Json& key) const;
  std::vector<Json> findMany(const JsonQueryOptions& options = {}) const;
  std::optional<Json> findOne(const JsonQueryOptions& options = {}) const;
  /// Calls `visit` for each record, in constant memory; false from it ends the reading.
  void forEach(const JsonQueryOptions& options, const std::function<bool(const Json&)>& visit) const;
  /// Of the options only `where` and `timeout` count.
  std::int64_t count(const JsonQueryOptions& options = {}) const;

  /// Adds a record and returns it as it is in the table: with its key and its defaults.
  Json create(const Json& record) const;
  /// Adds all of them, or none, in one transaction.
  std::vector<Json> createMany(const std::vector<Json>& records) const;
  /// Changes the columns that `changes` has, and leaves the others. Returns the record as it is then; nothing where
  /// there is none with that key. Key columns may be in `changes` as they are, not changed.
  std::optional<Json> update(const Json& key, const Json& changes) const;
  /// The same for all records that fulfil the condition, which must not be empty (every record: Condition::raw("1")).
  /// Returns their number.
  std::int64_t updateMany(const Condition& where, const Json& changes) const;
  /// Adds the record, or changes the columns that it has of the one that has its key. Returns it as it is then.
  Json upsert(const Json& record) const;
  /// Whether there was one.
  bool remove(const Json& key) const;
  /// Removes all records that fulfil the condition, which must not be empty. Returns their number.
  std::int64_t removeMany(const Condition& where) const;

  /// The schema as it is known, read where it is not.
  TableSchema schema() const;
  RepositoryMetrics metrics() const;

 private:
  struct State;

  JsonRepository(std::shared_ptr<State> state, detail::RepositoryCore core, Transaction* transaction);
  StatementExecutor& executor() const;
  /// Calls `body` with the schema that is known and, where that does not fit, with the one that is read then.
  template <typename F>
  auto withLayout(F body) const;

  std::shared_ptr<State> state_;
  detail::RepositoryCore core_;
  Transaction* transaction_ = nullptr;
};

}  // namespace holdfast
