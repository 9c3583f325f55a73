// What the layers above do with a handle besides running statements: transaction control, undoing what a lease left
// behind, checking it, and its memory.

#include "connection/connection_impl.hpp"
#include "connection/sqlite_error.hpp"

namespace holdfast {
namespace {

void append(std::string& list, const char* item) {
  if (!list.empty()) list += ", ";
  list += item;
}

// Errors after which COMMIT has certainly not taken effect, also not after a later crash: nothing of the commit record
// reached the log. After any other one it may have.
bool commitCertainlyNotDone(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_CONSTRAINT:
    case SQLITE_FULL: return true;
    default: return false;
  }
}

}  // namespace

void Connection::Impl::controlOrThrow(ControlStatements::Kind kind, const char* name) {
  requireUsable();
  const int code = control.run(kind);
  if (code == SQLITE_OK) return;
  noteBreakage(code);
  throw makeSqliteError(handle, code).addFrame(name);
}

void Connection::Impl::beginImmediate() {
  controlOrThrow(ControlStatements::Kind::BeginImmediate, "BEGIN IMMEDIATE");
  depth = 1;
}

void Connection::Impl::beginRead() {
  controlOrThrow(ControlStatements::Kind::Begin, "BEGIN");
  depth = 1;
}

CommitOutcome Connection::Impl::commit(std::optional<Error>& error) {
  const int code = control.run(ControlStatements::Kind::Commit);
  if (code == SQLITE_OK) {
    depth = 0;
    return CommitOutcome::Done;
  }
  noteBreakage(code);
  error = makeSqliteError(handle, code);
  error->addFrame("COMMIT");
  rollback();
  return commitCertainlyNotDone(code) ? CommitOutcome::NotDone : CommitOutcome::Unknown;
}

void Connection::Impl::rollback() noexcept {
  depth = 0;
  if (!inTransaction()) return;  // SQLite has done it already.
  noteBreakage(control.run(ControlStatements::Kind::Rollback));
  if (inTransaction()) broken = true;
}

void Connection::Impl::openSavepoint() {
  controlOrThrow(ControlStatements::Kind::Savepoint, "SAVEPOINT");
  ++depth;
}

void Connection::Impl::releaseSavepoint() {
  controlOrThrow(ControlStatements::Kind::Release, "RELEASE");
  --depth;
}

void Connection::Impl::rollbackToSavepoint() noexcept {
  --depth;
  if (!inTransaction()) return;
  // ROLLBACK TO leaves the savepoint open; only RELEASE closes it.
  if (control.run(ControlStatements::Kind::RollbackTo) == SQLITE_OK &&
      control.run(ControlStatements::Kind::Release) == SQLITE_OK) {
    return;
  }
  // What cannot be undone in part is undone as a whole; the transaction around notices that none is open any more.
  const int outer = depth;
  rollback();
  depth = outer;
}

ReturnState Connection::Impl::restore() noexcept {
  if (!needsRestore()) return {};
  ReturnState state;
  try {
    if (inTransaction()) {
      append(state.restored, "an open transaction rolled back");
      rollback();
    }
    depth = 0;
    if (nativeHandleGiven_) undoNativeChanges();
    if (guard.changes().otherState) append(state.restored, "temporary objects or lasting settings: handle replaced");
    if (guard.changes().profileSettings) append(state.restored, "settings put back");
    if (guard.changes().profileSettings || nativeHandleGiven_ || durability_ != profile.durability) {
      applyLeaseSettings(handle, profile);
      durability_ = profile.durability;
    }
    state.replace = broken || guard.changes().otherState || revoked.load(std::memory_order_relaxed);
    nativeHandleGiven_ = false;
    guard.resetChanges();
  } catch (const std::exception&) {
    state.replace = true;  // A handle that cannot be put right is replaced; why it could not does not matter any more.
  }
  return state;
}

void Connection::Impl::undoNativeChanges() {
  for (sqlite3_stmt* each = sqlite3_next_stmt(handle, nullptr); each != nullptr;
       each = sqlite3_next_stmt(handle, each)) {
    sqlite3_reset(each);
  }
  sqlite3_progress_handler(handle, 0, nullptr, nullptr);
  sqlite3_busy_handler(handle, nullptr, nullptr);
  sqlite3_wal_autocheckpoint(handle, 0);
  installHooks();
}

bool Connection::Impl::verify(std::string& reason) noexcept {
  try {
    int moved = 0;
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved != 0) {
      reason = "the database file was moved or deleted";
      return false;
    }
    // Unlike SELECT 1 this reads the first page of the file.
    readPragma(handle, "PRAGMA schema_version");
    return true;
  } catch (const std::exception& failure) {
    reason = failure.what();
    return false;
  }
}

CheckpointReport Connection::Impl::checkpoint(CheckpointMode mode) {
  CheckpointReport report;
  const bool truncate = mode == CheckpointMode::Truncate;
  if (truncate) sqlite3_busy_timeout(handle, 0);  // Readers are not waited for.
  const int code =
      sqlite3_wal_checkpoint_v2(handle, "main", truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
                                &report.walPages, &report.checkpointedPages);
  if (truncate) sqlite3_busy_timeout(handle, static_cast<int>(profile.busyTimeout.count()));
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
    noteBreakage(code);
    throw makeSqliteError(handle, code).addFrame("checkpoint");
  }
  report.complete = code == SQLITE_OK && report.walPages == report.checkpointedPages;
  report.truncated = truncate && code == SQLITE_OK;
  if (report.truncated) walPages.store(0, std::memory_order_relaxed);
  return report;
}

void Connection::Impl::setDurability(Durability durability) {
  if (durability_ == durability) return;
  applyDurability(handle, durability);
  durability_ = durability;
}

void Connection::Impl::setCacheBytes(std::int64_t bytes) {
  applyCacheBytes(handle, bytes);
  profile.cacheBytes = bytes;
}

void Connection::Impl::releaseMemory() noexcept {
  statements.clear();
  sqlite3_db_release_memory(handle);
}

std::int64_t Connection::Impl::pageSize() { return std::stoll(readPragma(handle, "PRAGMA page_size")); }

void Connection::Impl::allowCheckpointOnClose() noexcept {
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

}  // namespace holdfast
