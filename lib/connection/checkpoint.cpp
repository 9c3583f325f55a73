// Copying the write-ahead log into the database, and cutting it.

#include "connection/connection_impl.hpp"
#include "connection/sqlite_error.hpp"
#include "core/steady_clock.hpp"

namespace holdfast {
namespace {

/// The log's write lock. SQLite takes it for a transaction that writes, and not for a checkpoint that only copies; while it is
/// held nobody, of whatever process, writes to the log or begins it anew. A checkpoint that such a write overlaps can lose
/// commits: the WAL-reset bug of SQLite 3.7.0 to 3.51.2 (sqlite.org/wal.html#walresetbug).
class LogWriteLock {
 public:
  explicit LogWriteLock(sqlite3* handle) noexcept {
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return;
    if (file->pMethods != nullptr && file->pMethods->iVersion >= 2) file_ = file;
  }
  LogWriteLock(const LogWriteLock&) = delete;
  LogWriteLock& operator=(const LogWriteLock&) = delete;
  ~LogWriteLock() {
    if (held_) lock(SQLITE_SHM_UNLOCK);
  }
  /// False where somebody else has it. A log that is not shared needs none.
  bool take() noexcept {
    if (file_ == nullptr) return true;
    const int code = lock(SQLITE_SHM_LOCK);
    held_ = code == SQLITE_OK;
    return code != SQLITE_BUSY;
  }

 private:
  static constexpr int kWriteLock = 0;  // WAL_WRITE_LOCK of sqlite.org/walformat.html.
  int lock(int action) noexcept {
    return file_->pMethods->xShmLock(file_, kWriteLock, 1, action | SQLITE_SHM_EXCLUSIVE);
  }

  sqlite3_file* file_ = nullptr;
  bool held_ = false;
};

// SQLite calls it where cutting the log meets a lock, and would go on by copying without one.
int stopCheckpoint(void* handle, int /*attempt*/) noexcept {
  sqlite3_interrupt(static_cast<sqlite3*>(handle));
  return 0;
}

}  // namespace

CheckpointReport Connection::Impl::checkpoint(CheckpointMode mode, Limits::Time until) {
  if constexpr (!kHasThreads) return {.complete = true};  // There is no log: every commit is in the database.
  dropView();
  return mode == CheckpointMode::Truncate ? cutLog() : copyLog(until);
}

CheckpointReport Connection::Impl::copyLog(Limits::Time until) {
  LogWriteLock lock(handle);
  for (int attempt = 0; !lock.take(); ++attempt) {
    if (SteadyClock::now() >= until || waitForLock(this, attempt) == 0) {
      return {.walPages = walPages.load(std::memory_order_relaxed)};
    }
  }
  CheckpointReport report;
  const int code =
      sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_PASSIVE, &report.walPages, &report.checkpointedPages);
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
    noteBreakage(code);
    throw makeSqliteError(handle, code).addFrame("checkpoint");
  }
  report.complete = code == SQLITE_OK && report.walPages == report.checkpointedPages;
  return report;
}

CheckpointReport Connection::Impl::cutLog() {
  CheckpointReport report;
  sqlite3_busy_handler(handle, &stopCheckpoint, handle);
  const int code = sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_TRUNCATE, &report.walPages,
                                             &report.checkpointedPages);
  sqlite3_busy_handler(handle, &waitForLock, this);
  const int kind = code & 0xff;
  if (code != SQLITE_OK && kind != SQLITE_BUSY && kind != SQLITE_INTERRUPT) {
    noteBreakage(code);
    throw makeSqliteError(handle, code).addFrame("checkpoint");
  }
  report.truncated = code == SQLITE_OK;
  report.complete = report.truncated && report.walPages == report.checkpointedPages;
  if (report.truncated) walPages.store(0, std::memory_order_relaxed);
  return report;
}

}  // namespace holdfast
