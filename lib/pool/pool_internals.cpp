#include "pool/pool_internals.hpp"

#include <utility>

#include "core/port/process.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {

Observation ConnectionPool::observe(const std::vector<std::string>& tables, std::function<void()> changed) {
  if (changed == nullptr) throw Error(ErrorCode::InvalidArgument, "observe() without a function to call");
  return translatingBadAlloc([&] {
    TableSet set = 0;
    for (const std::string& table : tables) set |= core_->changes.bitOf(table);
    return detail::PoolInternals::observe(*this, set,
                                          [changed = std::move(changed)](TableSet& /*tables*/) { changed(); });
  });
}

namespace detail {

ChangeLog& PoolInternals::changes(ConnectionPool& pool) noexcept { return pool.core_->changes; }

std::shared_ptr<ChangeHub> PoolInternals::hub(ConnectionPool& pool) noexcept { return pool.core_->hub; }

void PoolInternals::requireCallable(ConnectionPool& pool) { pool.core_->requireCallable(); }

TableSet PoolInternals::visit(ConnectionPool& pool, const CallOptions& options, const Sql& sql,
                              std::span<const ValueView> values, RowVisitor visit) {
  bool started = false;
  TableSet tables = 0;
  auto note = [&](const RowView& row) {
    started = true;
    return visit(row);
  };
  pool.core_->readOnce(sql, options, started, [&](Connection& connection) {
    connection.impl().takeTablesRead();
    connection.impl().visit(sql, values, RowVisitor(note));
    tables = connection.impl().takeTablesRead();
  });
  return tables;
}

TableSet PoolInternals::takeTablesRead(ReadTransaction& snapshot) noexcept {
  return snapshot.lease_->impl().takeTablesRead();
}

Observation PoolInternals::observe(ConnectionPool& pool, TableSet tables, Observer::Function function) {
  auto observer = std::make_shared<Observer>(std::move(function), tables);
  pool.core_->observers.add(observer);
  return Observation(std::move(observer));
}

}  // namespace detail
}  // namespace holdfast
