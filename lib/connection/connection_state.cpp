// What the layers above do with a handle besides running statements: transaction control, undoing what a lease left
// behind, checking it, and its memory.

#include <array>
#include <string_view>
#include <utility>

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

// The first page, from the medium: a query may be answered from the page cache. A database that is all in its log still
// has none.
void readFirstPage(sqlite3* handle, std::int64_t pageSize) {
  static constexpr std::string_view kMagic("SQLite format 3\0", 16);
  sqlite3_file* file = nullptr;
  sqlite3_int64 size = 0;
  int code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code == SQLITE_OK) code = file->pMethods->xFileSize(file, &size);
  if (code == SQLITE_OK && size == 0) return;
  std::array<char, 512> part{};  // The smallest page; on a small device there is no room for a large one.
  bool begins = true;
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < pageSize; at += static_cast<sqlite3_int64>(part.size())) {
    code = file->pMethods->xRead(file, part.data(), static_cast<int>(part.size()), at);
    if (at == 0) begins = std::string_view(part.data(), kMagic.size()) == kMagic;
  }
  if (code != SQLITE_OK) throw makeSqliteError(nullptr, code);
  if (!begins) {
    throw Error(ErrorCode::NotADatabase, "the file does not begin like a database any more");
  }
}

}  // namespace

inline void Connection::Impl::controlOrThrow(ControlStatements::Kind kind, const char* name) {
  requireUsable();
  int code = control.run(kind);
  // Others have written since, or do so now, which is waited for without a view only.
  if ((code & 0xff) == SQLITE_BUSY && dropView()) code = control.run(kind);
  if (code != SQLITE_OK) throwControlFailure(code, name);
}

void Connection::Impl::throwControlFailure(int code, const char* name) {
  dropView();
  noteBreakage(code);
  if (code == SQLITE_BUSY && running > 0) {
    throw Error(ErrorCode::Misuse, "not while a statement that writes is being carried out: read its rows first", code,
                0)
        .addFrame(name);
  }
  if (isRefusedWrite(code)) throw Error(ErrorCode::ReadOnly, profile.readOnlyBecause, code, 0).addFrame(name);
  if ((code & 0xff) == SQLITE_BUSY) checkLimits();  // It may have been cancelled while it waited.
  throw makeSqliteError(handle, code).addFrame(name);
}

std::uint64_t Connection::Impl::begin(ControlStatements::Kind kind, const char* name) {
  if (open.size() == open.capacity()) open.reserve(2 * open.size() + 4);  // Nothing may fail once SQLite has begun.
  controlOrThrow(kind, name);
  open.push_back(++lastTransaction_);
  noteSnapshot();
  return lastTransaction_;
}

CommitOutcome Connection::Impl::commit(std::optional<Error>& error) {
  requireUsable();
  int code = view.takeBack(touched_ == kAllTables);
  if (!inTransaction()) {  // It found no memory, and SQLite has undone everything.
    forgetTransaction();
    error = makeSqliteError(handle, code);
    error->addFrame("COMMIT");
    return CommitOutcome::NotDone;
  }
  code = control.run(ControlStatements::Kind::Commit);
  endCommit();
  if (code == SQLITE_OK) {
    open.clear();
    holdsSnapshot.store(running > 0, std::memory_order_relaxed);
    const bool wrote = writing_;
    countEnd(committed);
    if (!wrote || isInPlace()) return CommitOutcome::Done;
    error = goneError();
    error->addFrame("COMMIT");
    return CommitOutcome::Unknown;
  }
  noteBreakage(code);
  error = makeSqliteError(handle, code);
  error->addFrame("COMMIT");
  rollback();
  return commitCertainlyNotDone(code) ? CommitOutcome::NotDone : CommitOutcome::Unknown;
}

void Connection::Impl::rollback() noexcept {
  forgetTransaction();
  rollbackEverything();
}

void Connection::Impl::forgetTransaction() noexcept {
  view.forgetLoan();
  dropView();
  open.clear();
  touched_ = 0;
  holdsSnapshot.store(running > 0, std::memory_order_relaxed);
  countEnd(rolledBack);
}

void Connection::Impl::countEnd(OwnedCounter& counter) noexcept {
  if (writing_) counter.add();
  writing_ = false;
}

void Connection::Impl::rollbackEverything() noexcept {
  if (inForkedChild()) return;  // The parent's.
  dropView();
  if (!inTransaction()) return;  // Done by SQLite already.
  noteBreakage(control.run(ControlStatements::Kind::Rollback));
  if (inTransaction()) broken = cannotUndo_ = true;
}

void Connection::Impl::releaseSavepoint() {
  controlOrThrow(ControlStatements::Kind::Release, "RELEASE");
  open.pop_back();
}

void Connection::Impl::rollbackToSavepoint() noexcept {
  open.pop_back();
  if (inForkedChild() || !inTransaction()) return;
  // ROLLBACK TO leaves the savepoint open; only RELEASE closes it.
  if (control.run(ControlStatements::Kind::RollbackTo) == SQLITE_OK &&
      control.run(ControlStatements::Kind::Release) == SQLITE_OK) {
    return;
  }
  // What cannot be undone in part is undone as a whole; the transaction around notices that none is open any more.
  rollbackEverything();
  broken = true;
}

const char* Connection::Impl::reasonToReplace() const noexcept {
  if (isRevoked()) return "its lease was forced back";
  if (broken) return "it is broken";
  if (nativeHandleGiven_) return "its native handle was given out";
  if (guard.changes().otherState) return "its lease left temporary objects or lasting settings";
  return nullptr;
}

ReturnState Connection::Impl::restore() noexcept {
  endCommit();  // Through the native handle.
  dropView();
  if (!needsRestore()) return {};
  ReturnState state;
  try {
    if (inTransaction()) {
      append(state.restored, "an open transaction rolled back");
      rollback();
    }
    open.clear();
    if (guard.changes().otherState) append(state.restored, "temporary objects or lasting settings dropped");
    state.replaceBecause = reasonToReplace();
    if (state.replaceBecause != nullptr) return state;
    if (guard.changes().profileSettings) append(state.restored, "settings put back");
    if (guard.changes().profileSettings) {
      applyLeaseSettings(handle, profile);
      readPragma(handle, "PRAGMA defer_foreign_keys=0");
      sqlite3_busy_handler(handle, &waitForLock, this);
      durability_ = profile.durability;
    }
    guard.resetChanges();
  } catch (const std::exception&) {
    state.replaceBecause = "its settings could not be put back";
  }
  return state;
}

bool Connection::Impl::verify(std::string& reason) noexcept {
  try {
    if (!files.look()) {
      reason = "the database file was moved or deleted";
      return false;
    }
    readFirstPage(handle, profile.pageSize);
    readPragma(handle, "PRAGMA schema_version");  // And SQLite can begin a read.
    return true;
  } catch (const std::bad_alloc&) {
    return true;
  } catch (const std::exception& failure) {
    // Nothing is known against the handle then; and another one would take more memory still.
    const auto* error = dynamic_cast<const Error*>(&failure);
    if (error != nullptr && error->code() == ErrorCode::MemoryLimit) return true;
    try {
      reason = failure.what();
    } catch (const std::bad_alloc&) {
      reason = "unreadable";  // So short that it takes no memory.
    }
    return false;
  }
}

void Connection::Impl::setDurability(Durability durability) {
  if (durability_ == durability) return;
  applyDurability(handle, durability);
  durability_ = durability;
}

void Connection::Impl::syncLog() {
  sqlite3_file* log = nullptr;
  sqlite3_file* file = nullptr;
  int code = SQLITE_OK;
  if (durability_ == Durability::Off) {  // What checkpoints have moved there has not been synced either.
    code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code == SQLITE_OK) code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  }
  if (code == SQLITE_OK) code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (code == SQLITE_OK && log->pMethods != nullptr) code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  if (code == SQLITE_OK) return;
  noteBreakage(code);
  throw makeSqliteError(nullptr, code).addFrame("sync of the log");
}

std::uint64_t Connection::Impl::overwriteFailedCommit() {
  beginImmediate();
  std::uint64_t mark = 0;
  try {
    mark = commitMark();
    // Writing the version that is there already writes the first page anew.
    const std::string same = "PRAGMA user_version=" + readPragma(handle, "PRAGMA user_version");
    readPragma(handle, same.c_str());
  } catch (...) {
    rollback();
    throw;
  }
  std::optional<Error> error;
  if (commit(error) != CommitOutcome::Done) throw Error(*error);
  if (durability_ != Durability::Full) syncLog();
  return mark;
}

void Connection::Impl::refuseWrites(const std::string& because) {
  dropView();
  profile.readOnlyBecause = because;
  applyQueryOnly(handle);
}

std::int64_t Connection::Impl::unusedBytes() {
  return std::stoll(readPragma(handle, "PRAGMA freelist_count")) * profile.pageSize;
}

bool Connection::Impl::hasDeferredViolations() noexcept {
  int violations = 0;
  int peak = 0;
  sqlite3_db_status(handle, SQLITE_DBSTATUS_DEFERRED_FKS, &violations, &peak, 0);
  return violations != 0;
}

void Connection::Impl::setCacheBytes(std::int64_t bytes) {
  applyCacheBytes(handle, bytes);
  profile.cacheBytes = bytes;
}

void Connection::Impl::releaseMemory() noexcept {
  statements.clear();
  releasePages();
}

HandleBytes Connection::Impl::memory() const noexcept {
  const auto status = [this](int what) {
    int value = 0;
    int peak = 0;
    sqlite3_db_status(handle, what, &value, &peak, 0);
    return std::int64_t{value};
  };
  return {status(SQLITE_DBSTATUS_CACHE_USED), status(SQLITE_DBSTATUS_SCHEMA_USED), status(SQLITE_DBSTATUS_STMT_USED)};
}

void Connection::Impl::allowCheckpointOnClose() noexcept {
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

}  // namespace holdfast
