#include <holdfast/transaction.hpp>

#include <string>

#include <holdfast/error.hpp>

#include "connection/connection_impl.hpp"

// Invariants. (1) A Transaction of depth d is the innermost one exactly when the connection's depth is d + 1.
// (2) When SQLite has rolled everything back by itself the connection is in autocommit mode while its depth stays: the
// objects then only unwind. (3) The first error is the one that travels; undoing never replaces it.

namespace holdfast {

Transaction::Transaction(Connection& connection) : connection_(&connection) {
  if (connection.impl().depth != 0) {
    throw Error(ErrorCode::Misuse, "a transaction is open on this connection: nest with its own transaction()");
  }
  connection.impl().beginImmediate();
}

Transaction::Transaction(PooledConnection lease) : Transaction(*lease) { lease_ = std::move(lease); }

Transaction::Transaction(Connection& connection, int depth) : connection_(&connection), depth_(depth) {
  connection.impl().openSavepoint();
}

Transaction::Transaction(Transaction&& other) noexcept
    : lease_(std::move(other.lease_)), connection_(other.connection_), depth_(other.depth_), phase_(other.phase_) {
  other.phase_ = Phase::RolledBack;
}

Transaction::~Transaction() { abandon(); }

RunResult Transaction::runBound(const Sql& sql, std::span<const ValueView> values) {
  requireUsable("run");
  return connection_->runBound(sql, values);
}

void Transaction::visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  requireUsable("query");
  connection_->visitBound(sql, values, visit);
}

Rows Transaction::queryBound(const Sql& sql, std::span<const ValueView> values) {
  requireUsable("query");
  return connection_->queryBound(sql, values);
}

Transaction Transaction::begin() {
  requireUsable("begin");
  if (depth_ + 1 >= kMaxDepth) {
    throw Error(ErrorCode::Misuse, "transactions nest at most " + std::to_string(kMaxDepth) + " deep");
  }
  return Transaction(*connection_, depth_ + 1);
}

void Transaction::commit() {
  requireUsable("commit");
  Connection::Impl& impl = connection_->impl();
  if (depth_ > 0) {
    impl.releaseSavepoint();  // Where it fails the savepoint is still there, and undone when this object goes.
    phase_ = Phase::Committed;
    return;
  }
  std::optional<Error> error;
  const CommitOutcome outcome = impl.commit(error);
  phase_ = outcome == CommitOutcome::Done ? Phase::Committed : Phase::RolledBack;
  lease_.release();
  if (outcome == CommitOutcome::NotDone) throw *error;
  if (outcome == CommitOutcome::Unknown) {
    throw Error(ErrorCode::OutcomeUnknown,
                "COMMIT failed (" + error->reason() + ") and may have taken effect: look before repeating it",
                error->sqliteCode(), error->systemErrno());
  }
}

void Transaction::rollback() {
  if (phase_ != Phase::Open) throw Error(ErrorCode::Misuse, "rollback() on a transaction that has ended");
  if (connection_->impl().depth != depth_ + 1) {
    throw Error(ErrorCode::Misuse, "rollback() while a transaction inside of this one is open");
  }
  abandon();
}

bool Transaction::isActive() const noexcept {
  return phase_ == Phase::Open && connection_->impl().depth == depth_ + 1 && connection_->inTransaction();
}

std::int64_t Transaction::lastInsertRowId() const noexcept { return connection_->lastInsertRowId(); }

void Transaction::requireUsable(const char* operation) const {
  if (phase_ != Phase::Open) {
    throw Error(ErrorCode::Misuse, std::string(operation) + "() on a transaction that has ended");
  }
  if (!connection_->inTransaction()) {
    throw Error(ErrorCode::TransactionAborted,
                "an earlier error made SQLite roll the whole transaction back; begin a new one");
  }
  if (connection_->impl().depth != depth_ + 1) {
    throw Error(ErrorCode::Misuse,
                std::string(operation) + "() while a transaction inside of this one is open: use the inner one");
  }
}

void Transaction::finish() {
  if (phase_ == Phase::Open) commit();
}

void Transaction::abandon() noexcept {
  if (phase_ != Phase::Open) return;
  phase_ = Phase::RolledBack;
  Connection::Impl& impl = connection_->impl();
  // Inner ones that outlive this object are undone with it.
  while (impl.depth > depth_ + 1) impl.rollbackToSavepoint();
  if (depth_ > 0) {
    if (impl.depth == depth_ + 1) impl.rollbackToSavepoint();
  } else {
    impl.rollback();
    lease_.release();
  }
}

ReadTransaction::ReadTransaction(PooledConnection lease) : lease_(std::move(lease)) { lease_->impl().beginRead(); }

ReadTransaction::~ReadTransaction() { lease_->impl().rollback(); }

RunResult ReadTransaction::runBound(const Sql& sql, std::span<const ValueView> values) {
  return lease_->runBound(sql, values);
}

void ReadTransaction::visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  lease_->visitBound(sql, values, visit);
}

Rows ReadTransaction::queryBound(const Sql& sql, std::span<const ValueView> values) {
  return lease_->queryBound(sql, values);
}

}  // namespace holdfast
