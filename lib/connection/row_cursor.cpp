#include <holdfast/row_cursor.hpp>

#include <optional>
#include <utility>

#include "connection/connection_impl.hpp"
#include "connection/heap_wall.hpp"
#include "connection/sqlite_error.hpp"
#include "connection/statement_binding.hpp"

namespace holdfast {

RowCursor::RowCursor(Connection& connection, const Sql& sql, std::span<const ValueView> values)
    : connection_(&connection), sql_(sql) {
  begin(values);
}

RowCursor::RowCursor(PooledConnection lease, const Sql& sql, std::span<const ValueView> values)
    : lease_(std::move(lease)), connection_(&*lease_), sql_(sql) {
  begin(values);
}

// The values do not move with the vector that holds them, so that SQLite finds them where they were bound.
RowCursor::RowCursor(RowCursor&& other) noexcept
    : lease_(std::move(other.lease_)),
      connection_(other.connection_),
      sql_(std::move(other.sql_)),
      values_(std::move(other.values_)),
      statement_(std::exchange(other.statement_, nullptr)),
      row_(other.row_) {}

void RowCursor::begin(std::span<const ValueView> values) {
  Connection::Impl& impl = connection_->impl();
  impl.requireUsable();
  values_.reserve(values.size());
  for (const ValueView& value : values) values_.emplace_back(value);
  const std::vector<ValueView> views(values_.begin(), values_.end());
  impl.queries.add();
  statement_ = &impl.statementFor(sql_);
  row_ = RowView(statement_->handle);
  impl.beginUse();
  try {
    if (!statement_->readOnly)
      throw Error(ErrorCode::Denied, "the statement writes, and a cursor only reads: use run()");
    bindValues(impl.handle, statement_->handle, statement_->parameters, views);
  } catch (const Error& error) {
    end();  // The lease goes with the object, once raise() has looked at the handle.
    impl.raise(error, sql_);
  } catch (...) {
    end();
    throw;
  }
  if (!statement_->cached) impl.guard.noteRun();
}

const RowView* RowCursor::next() {
  if (statement_ == nullptr) return nullptr;
  Connection::Impl& impl = connection_->impl();
  try {
    impl.requireUsable();  // The caller may have taken its time since the last row.
    std::optional<sqlite_memory::HeapReserve> reserve;
    if (sqlite3_stmt_busy(statement_->handle) != 0) reserve.emplace();  // The caller has seen a row.
    const int code = sqlite3_step(statement_->handle);
    impl.adoptTables(*statement_);
    if (code == SQLITE_ROW) return &row_;
    if (code != SQLITE_DONE) impl.raise(makeSqliteError(impl.handle, code), sql_);
  } catch (...) {
    close();
    throw;
  }
  close();
  return nullptr;
}

void RowCursor::close() noexcept {
  end();
  lease_.release();
}

void RowCursor::end() noexcept {
  if (statement_ == nullptr) return;
  connection_->impl().endUse(*std::exchange(statement_, nullptr));
}

}  // namespace holdfast
