#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <sqlite3.h>

#include <holdfast/connection.hpp>
#include <holdfast/report.hpp>
#include <holdfast/stop_token.hpp>

#include "connection/control_statements.hpp"
#include "connection/file_watch.hpp"
#include "connection/heavy_statements.hpp"
#include "connection/kept_view.hpp"
#include "connection/profile.hpp"
#include "connection/statement_cache.hpp"
#include "connection/statement_guard.hpp"
#include "core/port/process.hpp"
#include "core/steady_clock.hpp"
#include "metrics/counter.hpp"
#include "metrics/histogram.hpp"

namespace holdfast {

/// How a checkpoint treats the log once it is copied.
enum class CheckpointMode : std::uint8_t {
  Passive,  ///< Copies what no reader stands in the way of. Waits for a transaction of another process, up to busyTimeout.
  Truncate,  ///< Cuts a log that has been copied to nothing, where nobody reads or writes.
};

/// What a handle holds of the heap, in bytes.
struct HandleBytes {
  std::int64_t pages = 0;
  std::int64_t schema = 0;
  std::int64_t statements = 0;
};

/// How a lease came back.
struct ReturnState {
  const char* replaceBecause = nullptr;  ///< Why the handle is not to be used again; null where it is.
  std::string restored;                  ///< What had to be undone; empty where nothing.
};

/// The engine's side of a Connection: what the layers above need and applications do not.
///
/// Invariants. (1) One thread at a time, the holder of the lease, calls anything but interrupt() and revoke().
/// (2) `open` is empty exactly when the engine has no transaction open. (3) Every statement is
/// reset when a call returns, but for that of a kept view. (4) Statements are finalized before the handle closes.
struct Connection::Impl {
  Impl(std::uint64_t number, const ConnectionProfile& wanted, LatencyHistogram& latency);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  RunResult run(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visitor);
  void visit(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visitor);
  Rows query(const Sql& sql, std::span<const ValueView> values);
  /// One statement that is run many times (statement_batch.hpp).
  class Batch;

  bool inTransaction() const noexcept { return sqlite3_get_autocommit(handle) == 0; }
  /// Then the handle is the parent's, and nothing may be done with it.
  bool inForkedChild() const noexcept { return generation_ != port::forkGeneration(); }

  // Transaction control. The ones that throw leave the handle as it was, or broken and marked so. What opens something
  // returns its id.
  std::uint64_t beginImmediate() {
    touched_ = 0;
    const std::uint64_t transaction = begin(ControlStatements::Kind::BeginImmediate, "BEGIN IMMEDIATE");
    writing_ = true;
    view.lend();
    return transaction;
  }
  std::uint64_t beginRead() { return begin(ControlStatements::Kind::Begin, "BEGIN"); }
  /// `error` says why where the outcome is not Done. The transaction is over in any case.
  CommitOutcome commit(std::optional<Error>& error);
  /// Ends the transaction whatever it takes; a handle that is still inside of one is marked broken.
  void rollback() noexcept;
  std::uint64_t openSavepoint() { return begin(ControlStatements::Kind::Savepoint, "SAVEPOINT"); }
  /// Whether the transaction or savepoint at that depth is still the one with that id.
  bool isOpen(std::size_t depth, std::uint64_t transaction) const noexcept {
    return depth < open.size() && open[depth] == transaction;
  }
  void releaseSavepoint();
  /// After SQLite has rolled a transaction back by itself: forgets what was open.
  void forgetTransaction() noexcept;

  /// Whether a view was kept. It ends by itself where something goes wrong.
  bool dropView() noexcept { return view.isKept() && !inForkedChild() && view.drop(); }
  /// Whether it was asked for an interrupt since the last time: SQLite forgets one only when nothing runs any more.
  bool takeInterrupt() noexcept {
    return interruptAsked_.load(std::memory_order_relaxed) && interruptAsked_.exchange(false);
  }
  /// Undoes and closes the innermost savepoint. When that fails the whole transaction is rolled back.
  void rollbackToSavepoint() noexcept;

  /// Throws Error{LeaseRevoked}, {TransactionAborted}, {Timeout}, ... where nothing may be carried out now.
  void requireUsable() const {
    if (inForkedChild() || isUndone() || limited_ || isRevoked()) findOutWhetherUsable();
  }
  /// Whether the transaction that was begun is to be committed no more: SQLite has rolled it back by itself, or could not
  /// undo what had to be.
  bool isUndone() const noexcept { return cannotUndo_ || (!open.empty() && !inTransaction()); }
  bool canCommit() const noexcept { return inTransaction() && !cannotUndo_; }
  /// Whether a lease left anything behind. Cheap: every lease ends with it.
  bool needsRestore() const noexcept { return inTransaction() || hasChangedState(); }
  /// Whether more was changed than data, so that the next holder must not have it as it is.
  bool hasChangedState() const noexcept { return broken || guard.changes().any() || nativeHandleGiven_ || isRevoked(); }
  /// Undoes what a lease left behind.
  ReturnState restore() noexcept;
  /// Whether the medium, or the file, took no writes when the handle was opened.
  bool isReadOnly() const noexcept { return sqlite3_db_readonly(handle, "main") == 1; }
  /// From here on every write is Error{ReadOnly} with that text. Outside of a transaction. Throws Error.
  void refuseWrites(const std::string& because);
  /// What the database holds in pages that nothing is in. Throws Error.
  std::int64_t unusedBytes();
  /// Whether what is written gets into the files that anybody will look into. For less than Full durability a look of a
  /// moment ago is enough.
  bool isInPlace() noexcept { return durability_ == Durability::Full ? files.look() : files.lookedLately(); }
  /// Why a commit is not in place, after which nobody knows whether it has taken effect. The handle is broken then.
  Error goneError() noexcept;
  /// Whether the file can be read and is still the one that was opened. Sets `reason` where not.
  bool verify(std::string& reason) noexcept;
  /// Waits for a transaction of another process, by the handle's limits and no longer than `until`. Throws Error.
  CheckpointReport checkpoint(CheckpointMode mode, SteadyTime until);
  /// Outside of a transaction.
  void setDurability(Durability durability);
  Durability durability() const noexcept { return durability_; }
  /// What bounds the statements of a call or a transaction, besides busyTimeout.
  struct Limits {
    using Time = std::chrono::steady_clock::time_point;
    Time lockDeadline = Time::max();  ///< For waiting for the locks of other processes.
    Time deadline = Time::max();      ///< For everything: the running statement is ended then.
    StopToken cancel = {};            ///< The same when it is asked to stop.
    std::int64_t maxBytes = 0;        ///< Of cache, statements and pages written by one transaction; 0: no bound.
  };
  /// Sets limits, until the next call or the end of the lease.
  void setLimits(Limits limits) noexcept;
  void clearLimits() noexcept {
    if (limited_ || limits_.lockDeadline != Limits::Time::max()) setLimits({});
  }
  /// Throws Error{Timeout}, {Interrupted} or {MemoryLimit} where a limit has been met.
  void checkLimits() const;
  /// Makes the log's content durable, whatever `synchronous` is. Throws Error.
  void syncLog();
  /// Is another number once a commit of this handle can be read back: of its pages in the log; without a log of the commits
  /// that the file's header counts, read from the medium. Throws Error.
  std::uint64_t commitMark() const;
  /// Commits a change of nothing, in the place of a COMMIT that failed half-way. Returns the commitMark() that it found once
  /// nobody else could commit. Throws Error.
  std::uint64_t overwriteFailedCommit();
  /// Whether a deferred constraint is violated now, which would make COMMIT fail.
  bool hasDeferredViolations() noexcept;
  void setCacheBytes(std::int64_t bytes);
  /// Gives unused pages back to the heap.
  void releasePages() noexcept { sqlite3_db_release_memory(handle); }
  /// Gives unused pages and idle statements back to the heap.
  void releaseMemory() noexcept;
  /// Counts what is held, which takes some microseconds.
  HandleBytes memory() const noexcept;
  /// Lets the closing handle delete the log. Only for the last one.
  void allowCheckpointOnClose() noexcept;
  /// Ends the running statement. Any thread, for as long as it keeps the Connection alive.
  void interrupt() noexcept {
    interruptAsked_.store(true);
    sqlite3_interrupt(handle);
  }
  /// Gives the raw handle out, and remembers that anything may have been changed through it.
  sqlite3* giveNativeHandle() noexcept {
    dropView();
    nativeHandleGiven_ = true;
    return handle;
  }

  /// The tables that statements have read since it was asked last.
  TableSet takeTablesRead() noexcept { return std::exchange(tablesRead_, 0); }

  const std::uint64_t id;
  ConnectionProfile profile;
  std::unique_ptr<SQLite::Database> database;
  sqlite3* const handle;
  FileWatch files;
  StatementGuard guard;
  StatementCache statements;
  ControlStatements control;
  KeptView view;
  /// Statements that stand on a row now: a callback of the caller's is running.
  int running = 0;
  /// What the present lease may do: on a pool of one the write handle is leased for reading too.
  Access leasedFor = Access::Write;
  /// The database is damaged: statements that write are refused.
  bool writesRefused = false;
  /// The open transaction and the savepoints inside of it, outermost first, by ids that are never used again.
  std::vector<std::uint64_t> open;
  bool broken = false;
  /// The first error since it was taken that says something of the storage.
  std::optional<Error> trouble;
  /// The number of the present lease; 0 outside of a pool.
  std::uint64_t lease = 0;
  /// Whether a statement is being carried out or a transaction is open, and so many times it has begun to be so.
  /// Written by the holder of the lease.
  std::atomic<bool> holdsSnapshot{false};
  OwnedCounter snapshots;
  void noteSnapshot() noexcept {
    if (holdsSnapshot.load(std::memory_order_relaxed)) return;
    snapshots.add();
    holdsSnapshot.store(true, std::memory_order_relaxed);
  }
  /// Set by whoever forces a lease back.
  std::atomic<std::uint64_t> revokedLease{0};
  bool isRevoked() const noexcept { return lease != 0 && revokedLease.load(std::memory_order_relaxed) == lease; }
  std::int64_t lastInsertRowId() const noexcept { return sqlite3_last_insert_rowid(handle); }
  /// Pages in the log after this handle's last commit.
  std::atomic<int> walPages{0};
  OwnedCounter queries;
  OwnedCounter failures;
  OwnedCounter committed;  ///< Write transactions; savepoints and snapshots do not count.
  OwnedCounter rolledBack;
  OwnedCounter payloadBytes;  ///< Bound to statements that write.
  OwnedCounter loggedPages;   ///< Written to the log by commits of this handle.
  /// What a page takes in the log, with its header (sqlite.org/fileformat2.html, "The Write-Ahead Log").
  std::int64_t frameBytes() const noexcept { return profile.pageSize + 24; }

 private:
  friend class RowCursor;
  class Use;

  /// requireUsable() where it is not plain.
  void findOutWhetherUsable() const;

  void installHooks() noexcept;
  /// How long a heavy statement waits for others.
  Limits::Time heavyPatience() const noexcept;
  /// Whether a statement that has run is one that needs much memory.
  static void noteWeight(const CachedStatement& statement) noexcept;
  static int shouldStop(void* impl) noexcept;
  static int waitForLock(void* impl, int attempt) noexcept;
  CheckpointReport copyLog(Limits::Time until);
  CheckpointReport cutLog();
  /// SQLite calls it before a COMMIT takes effect.
  static int noteCommit(void* impl) noexcept;
  /// Tells what a COMMIT has changed, once it is over. Cheap where there was none.
  void endCommit() noexcept {
    if (committing_) tellCommit();
  }
  void tellCommit() noexcept;
  /// What SQLite has said about a statement while it prepared it, or prepared it again.
  void adoptTables(CachedStatement& statement) noexcept {
    if (guard.hasNoted()) {
      const StatementGuard::Tables tables = guard.takeTables();
      statement.reads |= tables.reads;
      statement.writes |= tables.writes;
      statement.firesTriggers |= tables.byTriggers;
      touched_ |= tables.writes;  // Prepared anew while it ran.
    }
    tablesRead_ |= statement.reads;
  }
  static int noteLog(void* impl, sqlite3* handle, const char* database, int pages) noexcept;
  /// Why a statement must not go on.
  enum class Stop : std::uint8_t { No, Revoked, Cancelled, TooLate, TooLarge };
  Stop stopReason() const noexcept;
  /// Gives cached pages back while statements run.
  void spareCache() noexcept;
  void throwStopped(Stop reason) const;
  std::int64_t handleBytes() const noexcept;
  /// Marked as in use.
  CachedStatement& statementFor(const Sql& sql) {
    CachedStatement* known = statements.acquireKnown(sql);
    return known != nullptr ? *known : prepareStatement(sql);
  }
  void beginUse() noexcept {
    ++running;
    noteSnapshot();
  }
  void endUse(CachedStatement& statement) noexcept {
    --running;
    adoptTables(statement);
    if (HeavyStatements::areBounded()) noteWeight(statement);
    statements.release(statement);
    endCommit();
    if (running == 0 && open.empty()) holdsSnapshot.store(false, std::memory_order_relaxed);
  }
  /// Where the cache does not have it.
  CachedStatement& prepareStatement(const Sql& sql);
  /// sqlite3_step(), of which the limits know: one that is over is not stopped any more.
  int step(sqlite3_stmt* statement) noexcept {
    sqlite3_stmt* const outer = std::exchange(stepping_, statement);
    const int code = sqlite3_step(statement);
    stepping_ = outer;
    return code;
  }
  void stepThrough(CachedStatement& statement, const Sql& sql, detail::RowVisitor visitor);
  int firstStep(sqlite3_stmt* statement) noexcept;
  /// Throws `cause` as the caller should see it, with the statement as its frame.
  [[noreturn]] void raise(const Error& cause, const Sql& sql);
  void noteTrouble(const Error& error) noexcept;
  const char* reasonToReplace() const noexcept;
  void noteBreakage(int sqliteCode) noexcept;
  /// Whether it is what refuseWrites() makes of a write.
  bool isRefusedWrite(int sqliteCode) const noexcept {
    return (sqliteCode & 0xff) == SQLITE_READONLY && !profile.readOnlyBecause.empty();
  }
  std::uint64_t begin(ControlStatements::Kind kind, const char* name);
  void rollbackEverything() noexcept;
  void countEnd(OwnedCounter& counter) noexcept;
  void controlOrThrow(ControlStatements::Kind kind, const char* name);
  [[noreturn]] void throwControlFailure(int code, const char* name);
  std::uint64_t lastTransaction_ = 0;
  TableSet tablesRead_ = 0;
  TableSet touched_ = 0;  ///< Written by the transaction so far.
  bool committing_ = false;
  TableSet committedTables_ = 0;
  std::uint32_t timesLogged_ = 0;
  bool writing_ = false;
  bool cannotUndo_ = false;  ///< A ROLLBACK has failed: the handle has to go, and its transaction with it.
  Durability durability_;
  Limits limits_;
  bool limited_ = false;              ///< Whether limits_ holds anything that a running statement has to look at.
  std::int64_t bytesBefore_ = 0;      ///< As of the beginning of the transaction.
  sqlite3_stmt* stepping_ = nullptr;  ///< The innermost one that runs now; null: none, or one of SQLite's own.
  Stop stopped_ = Stop::No;           ///< What ended the last statement that was ended.
  std::chrono::steady_clock::time_point lockWaitBegan_{};
  std::uint32_t heavyEpoch_ = HeavyStatements::epoch();
  std::atomic<bool> interruptAsked_{false};
  const std::uint32_t generation_;
  bool nativeHandleGiven_ = false;
  LatencyHistogram& queryLatency_;
};

}  // namespace holdfast
