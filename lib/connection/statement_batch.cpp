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
    : impl_(impl), sql_(sql), statement_([&]() -> CachedStatement& {
        impl.requireUsable();
        CachedStatement* known = impl.statements.acquireKnown(sql);
        return known != nullptr ? *known : impl.prepareStatement(sql);
      }()) {
  if (!statement_.cached) impl_.guard.noteRun();
  if (impl_.leasedFor != Access::Read || statement_.readOnly) return;
  impl_.statements.release(statement_);
  impl_.raise(Error(ErrorCode::Denied, "the statement writes, and this is a read handle"), sql_);
}

RunResult Connection::Impl::Batch::run(std::span<const ValueView> values) {
  impl_.requireUsable();
  const SampledTimer timer(impl_.queries.value(), impl_.queryLatency_);
  impl_.queries.add();
  const Running use(*this);
  impl_.payloadBytes.add(bind(values));
  impl_.touched_ |= statement_.writes;
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement_.handle);
  if (code != SQLITE_DONE) impl_.raise(makeSqliteError(impl_.handle, code), sql_);
  return {sqlite3_changes64(impl_.handle), sqlite3_last_insert_rowid(impl_.handle)};
}

std::uint64_t Connection::Impl::Batch::bind(std::span<const ValueView> values) {
  sqlite3_stmt* const statement = statement_.handle;
  try {
    if (values.size() != static_cast<std::size_t>(statement_.parameters)) {
      throwWrongNumber(static_cast<std::size_t>(statement_.parameters), values.size());
    }
    std::uint64_t bytes = 0;
    int index = 0;
    for (const ValueView& value : values) {
      int code = SQLITE_OK;
      ++index;
      switch (value.type()) {
        case ValueType::Integer:
          code = sqlite3_bind_int64(statement, index, value.integer());
          bytes += sizeof(std::int64_t);
          break;
        case ValueType::Real:
          code = sqlite3_bind_double(statement, index, value.real());
          bytes += sizeof(double);
          break;
        case ValueType::Null: code = sqlite3_bind_null(statement, index); break;
        case ValueType::Text:
        case ValueType::Blob:
          code = bindOne(statement, index, value);
          bytes += value.blob().size();
          break;
      }
      if (code != SQLITE_OK) throwCannotBind(impl_.handle, index, code);
    }
    return bytes;
  } catch (const Error& error) {
    impl_.raise(error, sql_);
  }
}

}  // namespace holdfast
