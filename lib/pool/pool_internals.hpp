#pragma once

#include <chrono>
#include <memory>
#include <span>

#include <holdfast/connection_pool.hpp>
#include <holdfast/migration.hpp>
#include <holdfast/observation.hpp>

#include "connection/change_log.hpp"
#include "pool/change_hub.hpp"
#include "pool/change_observers.hpp"

namespace holdfast::detail {

/// What the layers above the pool need of it and applications do not.
class PoolInternals {
 public:
  static ChangeLog& changes(ConnectionPool& pool) noexcept;
  /// What outlives the pool where a cache does.
  static std::shared_ptr<ChangeHub> hub(ConnectionPool& pool) noexcept;
  /// Throws Error as a read would: in a forked child, and inside of a transaction's callback.
  static void requireCallable(ConnectionPool& pool);
  /// forEach(); returns the tables that the statement reads.
  static TableSet visit(ConnectionPool& pool, const CallOptions& options, const Sql& sql,
                        std::span<const ValueView> values, RowVisitor visit);
  /// The tables that were read in a snapshot since it was asked last.
  static TableSet takeTablesRead(ReadTransaction& snapshot) noexcept;
  static std::shared_ptr<const Migrator> migrator(Migrations migrations);
  static Observation observe(ConnectionPool& pool, TableSet tables, Observer::Function function);
};

}  // namespace holdfast::detail
