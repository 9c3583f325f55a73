#include "connection/statement_batch.hpp"

#include "connection/sampled_timer.hpp"
#include "connection/sqlite_error.hpp"
#include "connection/statement_binding.hpp"

namespace holdfast {

/// The statement is reset when a run is over, whichever way.
struct Connection::Impl::Batch::Running {
  explicit Running(Batch& run) noexcept : batch(run) { ++batch.impl_.running; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    batch.impl_.adoptTables(batch.statement_);
    sqlite3_reset(batch.statement_.handle);
    --batch.impl_.running;
  }
  Batch& batch;
};

Connection::Impl::Batch::Batch(Impl& impl, const Sql& sql)
    : impl_(impl), sql_(sql), statement_((impl.requireUsable(), impl.statementFor(sql))) {
  if (!statement_.cached) impl_.guard.noteRun();
}

RunResult Connection::Impl::Batch::run(std::span<const ValueView> values) {
  impl_.requireUsable();
  const SampledTimer timer(impl_.queries.value(), impl_.queryLatency_);
  impl_.queries.add();
  const Running use(*this);
  bind(values);
  impl_.touched_ |= statement_.writes;
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = impl_.step(statement_.handle);
  if (code != SQLITE_DONE) impl_.raise(makeSqliteError(impl_.handle, code), sql_);
  return {sqlite3_changes64(impl_.handle), sqlite3_last_insert_rowid(impl_.handle)};
}

void Connection::Impl::Batch::bind(std::span<const ValueView> values) {
  try {
    impl_.payloadBytes.add(bindValues(impl_.handle, statement_.handle, statement_.parameters, values));
  } catch (const Error& error) {
    impl_.raise(error, sql_);
  }
}

}  // namespace holdfast
