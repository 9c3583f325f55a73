#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <holdfast/connection.hpp>
#include <holdfast/row_cursor.hpp>
#include <holdfast/stop_token.hpp>

namespace holdfast {

/// Who goes first where several wait for a handle. Within one priority it is the order of asking; one that was passed
/// over eight times is served next, so nobody starves.
enum class Priority : std::uint8_t {
  Control,      ///< Commands and alarms: before the rest.
  Telemetry,    ///< Ordinary work.
  Maintenance,  ///< What can wait: clean-up, roll-ups.
};

/// What bounds one call that is no transaction of the caller's.
struct CallOptions {
  /// One deadline for waiting in line, for other processes' locks and running: a statement that still runs then is
  /// ended with Error{Timeout}. Nothing: waiting ends at acquireTimeout, running does not end.
  std::optional<std::chrono::milliseconds> timeout = {};
  Priority priority = Priority::Telemetry;
  /// Ends waiting and running with Error{Interrupted} once a stop is requested.
  StopToken cancel = {};
  /// Times that a write is repeated on contention; nothing: the database's retry.maxRetries.
  std::optional<int> maxRetries = {};
};

namespace detail {
class PoolInternals;
/// What is left at this moment of a timeout that began at `start`.
std::chrono::milliseconds timeLeft(std::chrono::steady_clock::time_point start, std::chrono::milliseconds timeout);
}  // namespace detail

struct TransactionOptions {
  /// Nothing: the database's. Weaker ones return sooner and may be lost by a power cut; Off counts as Normal unless the
  /// database's own is Off. Transactions that share a COMMIT get the strongest that one of them asked for.
  std::optional<Durability> durability = {};
  /// One deadline for waiting in line, waiting for other processes' locks, running and being retried: a statement that
  /// still runs then is ended, the transaction rolled back, and the error says which phase took the time. A COMMIT
  /// under way, and the callbacks that share it, are waited for. Nothing: waiting ends at acquireTimeout, running does
  /// not end.
  std::optional<std::chrono::milliseconds> timeout = {};
  /// Nothing: the database's retry.maxRetries. Zero: the callback runs once.
  std::optional<int> maxRetries = {};
  Priority priority = Priority::Telemetry;
  /// Ends waiting and running statements with Error{Interrupted} once a stop is requested.
  StopToken cancel = {};
};

class Error;
class Transaction;
namespace detail {
class StatementBatch;
}  // namespace detail

/// Ends outermost transactions for whoever may commit several at once.
class TransactionHost {
 public:
  /// Commits, and returns once the changes are as durable as asked. Throws Error; the transaction may be open still.
  virtual void commit(Transaction& transaction) = 0;

 protected:
  ~TransactionHost() = default;
};

/// A transaction, or a savepoint inside of one.
///
/// The outermost one is BEGIN IMMEDIATE, so that it cannot fail half-way for want of the write lock; the ones inside
/// are savepoints. What is not committed when the object goes is rolled back. While an inner one lives, only the
/// innermost may be used: anything else is Error{Misuse}. When SQLite itself has rolled the whole transaction back
/// (disk full, out of memory), every further call is Error{TransactionAborted}, and commit() too.
///
/// Used by one thread at a time. An inner one must not outlive the connection. Savepoints nest to any depth the
/// statement journal has room for; kMaxDepth bounds it.
class Transaction final : public StatementExecutor {
 public:
  /// The deepest nesting; more is Error{Misuse}. A bound against runaway recursion.
  static constexpr int kMaxDepth = 200;

  /// Begins on a connection that the caller leases and keeps leased.
  explicit Transaction(Connection& connection);
  /// Begins on a lease and gives it back at the end.
  explicit Transaction(PooledConnection lease);
  /// The same, committed by `host`. Where a transaction is open on the lease this one becomes a part of it.
  Transaction(PooledConnection lease, TransactionHost& host);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  RunResult runBound(const Sql& sql, std::span<const ValueView> values) override;
  RunResult runReturningBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) override;
  void visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) override;
  Rows queryBound(const Sql& sql, std::span<const ValueView> values) override;

  /// A query that stands on one of its rows; it must go before the transaction ends.
  RowCursor cursor(const Sql& sql, std::span<const ValueView> values = {});

  /// Runs `work(Transaction&)` in a savepoint; undone when it throws. Returns what `work` returns.
  template <typename F>
    requires std::invocable<F&, Transaction&>
  std::invoke_result_t<F&, Transaction&> transaction(F&& work) {
    Transaction nested = begin();
    if constexpr (std::is_void_v<std::invoke_result_t<F&, Transaction&>>) {
      std::invoke(work, nested);
      nested.finish();
    } else {
      std::invoke_result_t<F&, Transaction&> result = std::invoke(work, nested);
      nested.finish();
      return result;
    }
  }
  /// Opens a savepoint by hand; rolled back unless committed.
  Transaction begin();

  /// Makes the changes permanent (of a savepoint: part of the transaction around it). After an error of an outermost
  /// commit the transaction has been rolled back, or, with Error{OutcomeUnknown}, may have taken effect.
  void commit();
  /// Undoes the changes. Does not throw for a transaction that SQLite has already rolled back.
  void rollback();

  /// Whether it can still be used and committed.
  bool isActive() const noexcept;
  /// 0: the transaction; 1 and up: savepoints.
  int depth() const noexcept { return depth_; }
  /// The rowid of the last insert on the handle; once the transaction has ended, as of then.
  std::int64_t lastInsertRowId() const noexcept;

 private:
  friend class ConnectionPool;
  friend class detail::StatementBatch;
  enum class Phase : std::uint8_t { Open, Committed, RolledBack };

  /// One that takes part in the transaction that is open on the connection, as a savepoint of it.
  struct Part {};
  Transaction(Connection& connection, Part);
  /// A savepoint inside of `outer`.
  Transaction(const Transaction& outer, int depth);
  bool isInnermost() const noexcept;
  void end(Phase phase) noexcept;
  void requireUsable(const char* operation) const;
  [[noreturn]] void throwUnusable(const char* operation) const;
  void requireNoRows(const char* operation) const;
  /// Throws Error{Constraint} where COMMIT would, for a deferred foreign key.
  void requireConstraintsMet() const;
  /// Ends as the COMMIT did; throws where it failed.
  void settle(CommitOutcome outcome, const Error* error);
  static Error errorOf(CommitOutcome outcome, const Error* cause);
  /// Where it is among what is open on the connection, outermost first.
  std::size_t level() const noexcept { return static_cast<std::size_t>(depth_) + (joined_ ? 1 : 0); }
  void finish();  // Commits unless the callback has already ended the transaction itself.
  void abandon() noexcept;

  PooledConnection lease_;
  TransactionHost* host_ = nullptr;
  Connection* connection_;
  int depth_ = 0;
  bool joined_ = false;  // In SQLite a savepoint of a transaction that others began.
  Phase phase_ = Phase::Open;
  std::uint64_t id_ = 0;
  std::int64_t lastInsertRowId_ = 0;  // As of the end.
};

/// Several reads on one consistent view of the database, fixed at the first of them. Other threads go on writing.
/// A long-lived one keeps the write-ahead log from being shortened.
class ReadTransaction final : public StatementExecutor {
 public:
  explicit ReadTransaction(PooledConnection lease);
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;
  ~ReadTransaction();

  RunResult runBound(const Sql& sql, std::span<const ValueView> values) override;
  RunResult runReturningBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) override;
  void visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) override;
  Rows queryBound(const Sql& sql, std::span<const ValueView> values) override;

  /// A query that stands on one of its rows; it must go before this object.
  RowCursor cursor(const Sql& sql, std::span<const ValueView> values = {});

 private:
  friend class detail::PoolInternals;
  PooledConnection lease_;
};

}  // namespace holdfast
