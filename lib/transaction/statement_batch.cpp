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

}  // namespace holdfast::detail
