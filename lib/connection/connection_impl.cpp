#include "connection/connection_impl.hpp"

#include <cstdlib>
#include <utility>

#include "connection/heap_wall.hpp"
#include "connection/row_reading.hpp"
#include "connection/sampled_timer.hpp"
#include "connection/sqlite_error.hpp"
#include "connection/statement_binding.hpp"
#include "core/out_of_memory.hpp"
#include "core/text.hpp"

namespace holdfast {
namespace {

// Errors of a write outside of a transaction that can come from its commit: then the commit record may be in the log.
bool mayHaveBeenWritten(int code) noexcept {
  return (code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_READ && code != SQLITE_IOERR_SHORT_READ &&
         code != SQLITE_IOERR_NOMEM && code != SQLITE_IOERR_DATA;
}

// Reset would commit what a statement that stands on a row has written; one that is interrupted is undone.
void undoStatement(sqlite3* handle, sqlite3_stmt* statement) noexcept {
  sqlite3_interrupt(handle);
  sqlite3_step(statement);
}

}  // namespace

/// One statement of the cache, bound, and reset when the call is over.
class Connection::Impl::Use {
 public:
  Use(Impl& impl, const Sql& sql, std::span<const ValueView> values) : impl_(impl), statement_(impl.statementFor(sql)) {
    if (HeavyStatements::contains(statement_.hash)) {
      permit_.enter(statement_.hash, impl.heavyPatience(), impl.limits_.cancel);
    }
    impl_.beginUse();
    try {
      if (impl.leasedFor == Access::Read && !statement_.readOnly) {
        throw Error(ErrorCode::Denied,
                    "the statement writes, and this is a read handle: use run(), a transaction, or "
                    "acquire(Access::Write)");
      }
      if (impl.writesRefused && !statement_.readOnly) {
        throw Error(ErrorCode::Corrupt, "the database is damaged, and takes no writes until it is repaired");
      }
      const std::uint64_t bytes = bindValues(impl.handle, statement_.handle, statement_.parameters, values);
      if (!statement_.readOnly) {
        impl.payloadBytes.add(bytes);
        impl.touched_ |= statement_.writes;
      }
      // A read is to see the newest; the schema does not change beside a statement that stands on a row; and with one
      // there SQLite keeps what a statement has changed so far apart, to undo it without the transaction around it.
      if (impl.view.isKept() && (statement_.readOnly || !statement_.changesFew || statement_.writes == kAllTables)) {
        impl.dropView();
      }
    } catch (const Error& error) {
      end();
      impl.raise(error, sql);
    } catch (...) {
      end();
      throw;
    }
    if (!statement_.cached) impl.guard.noteRun();
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() { end(); }

  CachedStatement& statement() const noexcept { return statement_; }
  sqlite3_stmt* handle() const noexcept { return statement_.handle; }

 private:
  void end() noexcept { impl_.endUse(statement_); }

  Impl& impl_;
  CachedStatement& statement_;
  HeavyStatements::Permit permit_;
};

CachedStatement& Connection::Impl::prepareStatement(const Sql& sql) {
  try {
    const StatementGuard::Judging judging(guard);
    guard.takeTables();
    CachedStatement& statement = statements.acquire(handle, sql);
    adoptTables(statement);
    if (guard.mustNotBeKept()) statements.doNotKeep(statement);
    return statement;
  } catch (const Error& error) {
    raise(error, sql);
  }
}

Connection::Impl::Impl(std::uint64_t number, const ConnectionProfile& wanted, LatencyHistogram& latency)
    : id(number),
      profile(wanted),
      database(openHandle(wanted)),
      handle(database->getHandle()),
      files(wanted.path, kHasThreads && wanted.access == Access::Write ? wanted.path + "-wal" : std::string()),
      statements(wanted.statementCacheEntries, wanted.statementCacheBytes),
      leasedFor(wanted.access),
      durability_(wanted.durability),
      generation_(port::forkGeneration()),
      queryLatency_(latency) {
  int moved = 0;  // Then the watch has taken another file for it.
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (moved != 0)
    throw Error(ErrorCode::CannotOpen, "the database file was moved or deleted while it was being opened");
  profile.pageSize = std::stoll(readPragma(handle, "PRAGMA page_size"));
  control.prepare(handle);
  installHooks();
}

Connection::Impl::~Impl() {
  endCommit();
  // The handle closes after this body: what is prepared on it must be gone, or it would leak. That goes for what was
  // prepared through the native handle, too.
  view.finalize();
  statements.clear();
  // With statements left (the control ones) it closes nothing, but has virtual tables let go of theirs.
  if (sqlite3_close(handle) != SQLITE_BUSY) std::abort();
  control.finalize();
  while (sqlite3_stmt* left = sqlite3_next_stmt(handle, nullptr)) sqlite3_finalize(left);
}

void Connection::Impl::installHooks() noexcept {
  constexpr int kInstructionsBetweenLooks = 1000;
  guard.install(handle, profile.changes);
  if (profile.changes != nullptr && profile.access == Access::Write) sqlite3_commit_hook(handle, &noteCommit, this);
  sqlite3_wal_hook(handle, &noteLog, this);
  sqlite3_busy_handler(handle, &waitForLock, this);
  // sqlite3_interrupt() is lost on a statement that is only about to begin.
  sqlite3_progress_handler(handle, kInstructionsBetweenLooks, &shouldStop, this);
}

RunResult Connection::Impl::run(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visitor) {
  const std::int64_t before = sqlite3_total_changes64(handle);
  visit(sql, values, visitor);
  // sqlite3_changes() keeps the count of an earlier statement when this one was not an INSERT, UPDATE or DELETE.
  const bool changed = sqlite3_total_changes64(handle) != before;
  return {changed ? sqlite3_changes64(handle) : 0, sqlite3_last_insert_rowid(handle)};
}

void Connection::Impl::visit(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visitor) {
  requireUsable();
  const SampledTimer timer(queries.value(), queryLatency_);
  queries.add();
  const Use use(*this, sql, values);
  stepThrough(use.statement(), sql, visitor);
}

Rows Connection::Impl::query(const Sql& sql, std::span<const ValueView> values) {
  requireUsable();
  const SampledTimer timer(queries.value(), queryLatency_);
  queries.add();
  const Use use(*this, sql, values);
  std::shared_ptr<const ColumnNames> names;
  std::vector<Row> rows;
  auto keep = [&](const RowView& row) {
    // Not before the first step: it prepares the statement anew where the schema has changed.
    if (names == nullptr) names = readColumnNames(row);
    rows.emplace_back(names, readValues(row));
    return true;
  };
  stepThrough(use.statement(), sql, detail::RowVisitor(keep));
  if (names == nullptr) names = readColumnNames(RowView(use.handle()));
  return Rows(std::move(names), std::move(rows));
}

void Connection::Impl::stepThrough(CachedStatement& statement, const Sql& sql, detail::RowVisitor visitor) {
  const RowView row(statement.handle);
  const bool writesAlone = !statement.readOnly && !inTransaction();
  const std::int64_t changesBefore = writesAlone ? sqlite3_total_changes64(handle) : 0;
  bool wanted = true;
  int code = firstStep(statement.handle);
  const auto next = [&] {
    const sqlite_memory::HeapReserve reserve;  // What has delivered a row cannot be carried out again.
    return step(statement.handle);
  };
  for (; code == SQLITE_ROW; code = next()) {
    adoptTables(statement);  // Before the visitor has others prepared.
    try {
      wanted = wanted && visitor(row);
    } catch (...) {
      if (writesAlone) {
        dropView();  // SQLite forgets an interrupt where nothing runs any more.
        undoStatement(handle, statement.handle);
      }
      throw;
    }
    // A statement that writes is carried out to its end, where its constraints are checked.
    if (!wanted && statement.readOnly) return;
  }
  if (code == SQLITE_DONE) {
    constexpr std::int64_t kFew = 100;
    if (!writesAlone) return;
    statement.changesFew = sqlite3_total_changes64(handle) - changesBefore <= kFew;
    if (!isInPlace()) {
      const Error gone = goneError();
      raise(Error(ErrorCode::OutcomeUnknown, gone.reason(), 0, gone.systemErrno()), sql);
    }
    return;
  }
  if (writesAlone && mayHaveBeenWritten(code)) {
    const Error cause = makeSqliteError(handle, code);
    raise(Error(ErrorCode::OutcomeUnknown,
                "the statement's own commit failed (" + cause.reason() +
                    ") and may have taken effect: look before repeating it",
                code, cause.systemErrno()),
          sql);
  }
  raise(makeSqliteError(handle, code), sql);
}

// Where others have written since its view, or do so now, which is waited for without a view only.
int Connection::Impl::firstStep(sqlite3_stmt* statement) noexcept {
  const int code = step(statement);
  if ((code & 0xff) != SQLITE_BUSY || !open.empty() || !dropView()) return code;
  sqlite3_reset(statement);
  return step(statement);
}

void Connection::Impl::raise(const Error& cause, const Sql& sql) {
  failures.add();
  dropView();
  noteBreakage(cause.sqliteCode());
  if (isOutOfMemory(cause)) HeavyStatements::learn(sql.hash());
  const auto explained = [&]() -> Error {
    if (isRevoked()) {
      return Error(ErrorCode::LeaseRevoked, "the lease was held too long and has been forced back", cause.sqliteCode(),
                   0);
    }
    if ((cause.sqliteCode() & 0xff) == SQLITE_LOCKED && running > 0) {
      return Error(ErrorCode::Misuse, "not while rows of this connection are being read (" + cause.reason() + ")",
                   cause.sqliteCode(), 0);
    }
    if ((cause.sqliteCode() & 0xff) == SQLITE_INTERRUPT) throwStopped(std::exchange(stopped_, Stop::No));
    if ((cause.sqliteCode() & 0xff) == SQLITE_BUSY) checkLimits();
    if (isRefusedWrite(cause.sqliteCode())) {
      return Error(ErrorCode::ReadOnly, profile.readOnlyBecause, cause.sqliteCode(), 0);
    }
    if ((cause.sqliteCode() & 0xff) == SQLITE_AUTH) {
      return Error(ErrorCode::Denied, guard.denialReason(), cause.sqliteCode(), 0);
    }
    return cause;
  };
  try {
    throw explained();
  } catch (Error& error) {
    addFrameIfPossible(error, [&sql] { return "Connection.run (" + shortenSql(sql.text()) + ")"; });
    throw;
  }
}

void Connection::Impl::noteBreakage(int sqliteCode) noexcept {
  if (isRefusedWrite(sqliteCode)) return;  // Which says nothing of the storage.
  if (breaksHandle(sqliteCode)) broken = true;
  if (trouble) return;
  switch (errorCodeOf(sqliteCode)) {
    case ErrorCode::StorageFull:
    case ErrorCode::ReadOnly:
    case ErrorCode::CannotOpen:
    case ErrorCode::IoError:
    case ErrorCode::NotADatabase:
    case ErrorCode::Corrupt: noteTrouble(makeSqliteError(handle, sqliteCode)); break;
    default: break;
  }
}

void Connection::Impl::noteTrouble(const Error& error) noexcept {
  const int systemErrno = error.systemErrno() == 0 && profile.vfs != nullptr ? profile.vfs->takeError() : 0;
  trouble = systemErrno == 0 ? error : Error(error.code(), error.reason(), error.sqliteCode(), systemErrno);
}

Error Connection::Impl::goneError() noexcept {
  broken = true;
  try {
    files.raise();
  } catch (const Error& error) {
    trouble = error;
    return error;
  } catch (const std::exception&) {
    return Error(ErrorCode::CannotOpen, {});
  }
}

void Connection::Impl::findOutWhetherUsable() const {
  if (inForkedChild()) {
    throw Error(ErrorCode::ForkedProcess,
                "the connection belongs to the parent process; open the database after fork()");
  }
  if (isUndone()) {
    throw Error(ErrorCode::TransactionAborted,
                "an earlier error made SQLite roll the whole transaction back; begin a new one");
  }
  checkLimits();
}

}  // namespace holdfast
