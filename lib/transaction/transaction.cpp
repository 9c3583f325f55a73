#include <holdfast/transaction.hpp>

#include <algorithm>
#include <string>

#include <holdfast/error.hpp>

#include "connection/connection_impl.hpp"

// Invariants. (1) A Transaction may be used exactly when its id is the last of the connection's open ones; ids are
// never used again, so that an object that outlived its time is not taken for another one.
// (2) When SQLite has rolled everything back by itself the connection is in autocommit mode while its depth stays: the
// objects then only unwind. (3) The first error is the one that travels; undoing never replaces it.

namespace holdfast {
namespace {

constexpr int kForeignKeyConstraint = 787;  // SQLITE_CONSTRAINT_FOREIGNKEY

}  // namespace

std::chrono::milliseconds detail::timeLeft(std::chrono::steady_clock::time_point start,
                                           std::chrono::milliseconds timeout) {
  const auto gone = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  return std::max(timeout - gone, std::chrono::milliseconds{0});
}

inline bool Transaction::isInnermost() const noexcept {
  const auto& open = connection_->impl().open;
  return !open.empty() && open.back() == id_;
}

void Transaction::requireUsable(const char* operation) const {
  if (phase_ != Phase::Open || !isInnermost() || !connection_->impl().inTransaction()) throwUnusable(operation);
}

Transaction::Transaction(Connection& connection) : connection_(&connection) {
  if (!connection.impl().open.empty()) {
    throw Error(ErrorCode::Misuse, "a transaction is open on this connection: nest with its own transaction()");
  }
  id_ = connection.impl().beginImmediate();
}

Transaction::Transaction(PooledConnection lease) : Transaction(*lease) { lease_ = std::move(lease); }

Transaction::Transaction(PooledConnection lease, TransactionHost& host)
    : host_(&host), connection_(&*lease), joined_(lease->inTransaction()) {
  Connection::Impl& impl = lease->impl();
  id_ = joined_ ? impl.openSavepoint() : impl.beginImmediate();
  lease_ = std::move(lease);
}

Transaction::Transaction(Connection& connection, Part)
    : connection_(&connection), joined_(true), id_(connection.impl().openSavepoint()) {}

Transaction::Transaction(const Transaction& outer, int depth)
    : connection_(outer.connection_),
      depth_(depth),
      joined_(outer.joined_),
      id_(outer.connection_->impl().openSavepoint()) {}

Transaction::Transaction(Transaction&& other) noexcept
    : lease_(std::move(other.lease_)),
      host_(other.host_),
      connection_(other.connection_),
      depth_(other.depth_),
      joined_(other.joined_),
      phase_(other.phase_),
      id_(other.id_),
      lastInsertRowId_(other.lastInsertRowId_) {
  other.phase_ = Phase::RolledBack;
}

void Transaction::end(Phase phase) noexcept {
  if (lease_ || depth_ > 0 || host_ == nullptr) lastInsertRowId_ = connection_->impl().lastInsertRowId();
  phase_ = phase;
  lease_.release();
}

Transaction::~Transaction() { abandon(); }

RunResult Transaction::runBound(const Sql& sql, std::span<const ValueView> values) {
  requireUsable("run");
  return connection_->runBound(sql, values);
}

RunResult Transaction::runReturningBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  requireUsable("run");
  return connection_->runReturningBound(sql, values, visit);
}

void Transaction::visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  requireUsable("query");
  connection_->visitBound(sql, values, visit);
}

Rows Transaction::queryBound(const Sql& sql, std::span<const ValueView> values) {
  requireUsable("query");
  return connection_->queryBound(sql, values);
}

RowCursor Transaction::cursor(const Sql& sql, std::span<const ValueView> values) {
  requireUsable("query");
  return RowCursor(*connection_, sql, values);
}

Transaction Transaction::begin() {
  requireUsable("begin");
  if (depth_ + 1 >= kMaxDepth) {
    throw Error(ErrorCode::Misuse, "transactions nest at most " + std::to_string(kMaxDepth) + " deep");
  }
  return Transaction(*this, depth_ + 1);
}

void Transaction::commit() {
  requireUsable("commit");
  requireNoRows("commit");
  Connection::Impl& impl = connection_->impl();
  // What shares a COMMIT with others must not make it fail for them.
  if (joined_ && depth_ == 0) requireConstraintsMet();
  if (host_ != nullptr) return host_->commit(*this);
  if (level() > 0) {
    impl.releaseSavepoint();  // Where it fails the savepoint is still there, and undone when this object goes.
    end(Phase::Committed);
    return;
  }
  std::optional<Error> error;
  const CommitOutcome outcome = impl.commit(error);
  settle(outcome, error ? &*error : nullptr);
}

void Transaction::requireConstraintsMet() const {
  if (!connection_->impl().hasDeferredViolations()) return;
  throw Error(ErrorCode::Constraint, "FOREIGN KEY constraint failed: a deferred one is not met at the end",
              kForeignKeyConstraint, 0);
}

void Transaction::settle(CommitOutcome outcome, const Error* error) {
  end(outcome == CommitOutcome::Done ? Phase::Committed : Phase::RolledBack);
  if (outcome != CommitOutcome::Done) throw errorOf(outcome, error);
}

Error Transaction::errorOf(CommitOutcome outcome, const Error* cause) {
  if (outcome == CommitOutcome::NotDone && cause != nullptr) {
    // Several threads throw it. A copy would share its frames, and each thread adds some.
    Error own(cause->code(), cause->reason(), cause->sqliteCode(), cause->systemErrno());
    if (!cause->frames().empty()) own.addFrame(cause->frames());
    return own;
  }
  const std::string why = cause != nullptr ? cause->reason() : "for want of memory";
  return Error(ErrorCode::OutcomeUnknown,
               "COMMIT failed (" + why + ") and may have taken effect: look before repeating it",
               cause != nullptr ? cause->sqliteCode() : 0, cause != nullptr ? cause->systemErrno() : 0);
}

void Transaction::rollback() {
  if (phase_ != Phase::Open) throw Error(ErrorCode::Misuse, "rollback() on a transaction that has ended");
  if (!isInnermost()) throw Error(ErrorCode::Misuse, "rollback() while a transaction inside of this one is open");
  requireNoRows("rollback");
  abandon();
}

std::int64_t Transaction::lastInsertRowId() const noexcept {
  return phase_ == Phase::Open ? connection_->lastInsertRowId() : lastInsertRowId_;
}

bool Transaction::isActive() const noexcept {
  return phase_ == Phase::Open && isInnermost() && connection_->impl().inTransaction();
}

void Transaction::throwUnusable(const char* operation) const {
  if (phase_ != Phase::Open) {
    throw Error(ErrorCode::Misuse, std::string(operation) + "() on a transaction that has ended");
  }
  if (!isInnermost()) {
    throw Error(ErrorCode::Misuse, std::string(operation) +
                                       "() while a transaction inside of this one is open, or after the one around it "
                                       "has ended: use the innermost one");
  }
  throw Error(ErrorCode::TransactionAborted,
              "an earlier error made SQLite roll the whole transaction back; begin a new one");
}

void Transaction::requireNoRows(const char* operation) const {
  if (depth_ > 0 || connection_->impl().running == 0) return;  // Savepoints may come and go while rows are read.
  throw Error(ErrorCode::Misuse, std::string(operation) + "() inside of forEach() on the same transaction");
}

void Transaction::finish() {
  if (phase_ == Phase::Open) commit();
}

void Transaction::abandon() noexcept {
  if (phase_ != Phase::Open) return;
  Connection::Impl& impl = connection_->impl();
  if (impl.isOpen(level(), id_)) {
    // Inner ones that outlive this object are undone with it.
    while (impl.open.size() > level() + 1) impl.rollbackToSavepoint();
    level() > 0 ? impl.rollbackToSavepoint() : impl.rollback();
  }
  end(Phase::RolledBack);
}

ReadTransaction::ReadTransaction(PooledConnection lease) : lease_(std::move(lease)) { lease_->impl().beginRead(); }

ReadTransaction::~ReadTransaction() { lease_->impl().rollback(); }

RunResult ReadTransaction::runBound(const Sql& sql, std::span<const ValueView> values) {
  return lease_->runBound(sql, values);
}

RunResult ReadTransaction::runReturningBound(const Sql& sql, std::span<const ValueView> values,
                                             detail::RowVisitor visit) {
  return lease_->runReturningBound(sql, values, visit);
}

void ReadTransaction::visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  lease_->visitBound(sql, values, visit);
}

RowCursor ReadTransaction::cursor(const Sql& sql, std::span<const ValueView> values) {
  return RowCursor(*lease_, sql, values);
}

Rows ReadTransaction::queryBound(const Sql& sql, std::span<const ValueView> values) {
  return lease_->queryBound(sql, values);
}

}  // namespace holdfast
