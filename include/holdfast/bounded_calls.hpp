#pragma once

#include <span>
#include <utility>

#include <holdfast/statement_executor.hpp>
#include <holdfast/transaction.hpp>

namespace holdfast {

class ConnectionPool;

/// A pool's run(), query(), queryOne(), queryValue() and forEach() with bounds of their own. Any thread.
/// Throws what these throw, and Error: Timeout and Interrupted where a bound is met. Must not outlive the pool.
class BoundedCalls final : public StatementExecutor {
 public:
  RunResult runBound(const Sql& sql, std::span<const ValueView> values) override;
  RunResult runReturningBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) override;
  void visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) override;
  Rows queryBound(const Sql& sql, std::span<const ValueView> values) override;

 private:
  friend class ConnectionPool;
  BoundedCalls(ConnectionPool& pool, CallOptions options) noexcept : pool_(&pool), options_(std::move(options)) {}

  ConnectionPool* pool_;
  CallOptions options_;
};

}  // namespace holdfast
