#include <holdfast/detail/statement_batch.hpp>

#include <holdfast/transaction.hpp>

#include "connection/statement_batch.hpp"

namespace holdfast::detail {

struct StatementBatch::Impl {
  Transaction& transaction;
  const Sql& sql;
  Connection::Impl::Batch batch;
};

StatementBatch::StatementBatch(Transaction& transaction, const Sql& sql) {
  transaction.requireUsable("run");
  impl_ = std::unique_ptr<Impl>(new Impl{transaction, sql, {transaction.connection_->impl(), sql}});
}

StatementBatch::~StatementBatch() = default;

RunResult StatementBatch::run(std::span<const ValueView> values) {
  if (!impl_->transaction.isActive()) return impl_->transaction.runBound(impl_->sql, values);  // Throws.
  return impl_->batch.run(values);
}

bool StatementBatch::tryRun(std::span<const ValueView> values, const Outcome& expected) {
  impl_->transaction.requireUsable("run");
  if (impl_->batch.firesTriggers()) return false;
  Connection::Impl& connection = impl_->transaction.connection_->impl();
  connection.openSavepoint();
  try {
    const RunResult result = impl_->batch.run(values);
    // It may have been prepared anew.
    if (result.changes == expected.changes && !impl_->batch.firesTriggers() &&
        result.lastInsertRowId == expected.lastInsertRowId.value_or(result.lastInsertRowId)) {
      connection.releaseSavepoint();
      return true;
    }
  } catch (...) {
    connection.rollbackToSavepoint();
    if (!connection.inTransaction()) throw;
    return false;
  }
  connection.rollbackToSavepoint();
  return false;
}

}  // namespace holdfast::detail
