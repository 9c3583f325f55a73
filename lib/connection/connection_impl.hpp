#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <sqlite3.h>

#include <holdfast/connection.hpp>
#include <holdfast/report.hpp>

#include "connection/control_statements.hpp"
#include "connection/profile.hpp"
#include "connection/statement_cache.hpp"
#include "connection/statement_guard.hpp"
#include "core/port/process.hpp"
#include "metrics/counter.hpp"
#include "metrics/histogram.hpp"

namespace holdfast {

/// How a checkpoint treats the log once it is copied.
enum class CheckpointMode : std::uint8_t {
  Passive,   ///< Copies what no reader stands in the way of.
  Truncate,  ///< Copies all and cuts the log to nothing, or stops where a reader is.
};

/// How COMMIT ended.
enum class CommitOutcome : std::uint8_t { Done, NotDone, Unknown };

/// How a lease came back.
struct ReturnState {
  const char* replaceBecause = nullptr;  ///< Why the handle is not to be used again; null where it is.
  std::string restored;                  ///< What had to be undone; empty where nothing.
};

/// The engine's side of a Connection: what the layers above need and applications do not.
///
/// Invariants. (1) One thread at a time, the holder of the lease, calls anything but interrupt() and revoke().
/// (2) `open` is empty exactly when the engine has no transaction open. (3) Every statement is
/// reset when a call returns. (4) Statements are finalized before the handle closes.
struct Connection::Impl {
  Impl(std::uint64_t number, const ConnectionProfile& wanted, LatencyHistogram& latency);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  RunResult run(const Sql& sql, std::span<const ValueView> values);
  void visit(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visitor);
  Rows query(const Sql& sql, std::span<const ValueView> values);

  bool inTransaction() const noexcept { return sqlite3_get_autocommit(handle) == 0; }
  /// Then the handle is the parent's, and nothing may be done with it.
  bool inForkedChild() const noexcept { return generation_ != port::forkGeneration(); }

  // Transaction control. The ones that throw leave the handle as it was, or broken and marked so. What opens something
  // returns its id.
  std::uint64_t beginImmediate() {
    const std::uint64_t transaction = begin(ControlStatements::Kind::BeginImmediate, "BEGIN IMMEDIATE");
    writing_ = true;
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
  /// Undoes and closes the innermost savepoint. When that fails the whole transaction is rolled back.
  void rollbackToSavepoint() noexcept;

  /// Whether a lease left anything behind. Cheap: every lease ends with it.
  bool needsRestore() const noexcept {
    return inTransaction() || broken || guard.changes().any() || nativeHandleGiven_ ||
           durability_ != profile.durability || isRevoked();
  }
  /// Undoes what a lease left behind.
  ReturnState restore() noexcept;
  /// Whether the file can be read and is still the one that was opened. Sets `reason` where not.
  bool verify(std::string& reason) noexcept;
  CheckpointReport checkpoint(CheckpointMode mode);
  /// Outside of a transaction.
  void setDurability(Durability durability);
  /// Bounds the wait for other processes' locks, below busyTimeout, while it lives.
  class LockWaitLimit {
   public:
    LockWaitLimit(Impl& impl, std::chrono::milliseconds longest) noexcept : impl_(impl) {
      set(std::min(longest, impl.profile.busyTimeout));
    }
    LockWaitLimit(const LockWaitLimit&) = delete;
    LockWaitLimit& operator=(const LockWaitLimit&) = delete;
    ~LockWaitLimit() { set(impl_.profile.busyTimeout); }

   private:
    void set(std::chrono::milliseconds time) noexcept {
      sqlite3_busy_timeout(impl_.handle, static_cast<int>(time.count()));
    }
    Impl& impl_;
  };
  void setCacheBytes(std::int64_t bytes);
  /// Gives unused pages and idle statements back to the heap.
  void releaseMemory() noexcept;
  /// The pages of the database file.
  std::int64_t pageSize();
  /// Lets the closing handle delete the log. Only for the last one.
  void allowCheckpointOnClose() noexcept;
  /// Ends the running statement. Any thread, for as long as it keeps the Connection alive.
  void interrupt() noexcept { sqlite3_interrupt(handle); }
  /// Gives the raw handle out, and remembers that anything may have been changed through it.
  sqlite3* giveNativeHandle() noexcept {
    nativeHandleGiven_ = true;
    return handle;
  }

  const std::uint64_t id;
  ConnectionProfile profile;
  std::unique_ptr<SQLite::Database> database;
  sqlite3* const handle;
  StatementGuard guard;
  StatementCache statements;
  ControlStatements control;
  /// Statements that stand on a row now: a callback of the caller's is running.
  int running = 0;
  /// What the present lease may do: on a pool of one the write handle is leased for reading too.
  Access leasedFor = Access::Write;
  /// The open transaction and the savepoints inside of it, outermost first, by ids that are never used again.
  std::vector<std::uint64_t> open;
  bool broken = false;
  /// The number of the present lease; 0 outside of a pool.
  std::uint64_t lease = 0;
  /// Set by whoever forces a lease back.
  std::atomic<std::uint64_t> revokedLease{0};
  bool isRevoked() const noexcept { return lease != 0 && revokedLease.load(std::memory_order_relaxed) == lease; }
  /// Pages in the log after this handle's last commit.
  std::atomic<int> walPages{0};
  OwnedCounter queries;
  OwnedCounter failures;
  OwnedCounter committed;  ///< Write transactions; savepoints and snapshots do not count.
  OwnedCounter rolledBack;

 private:
  class Use;

  void installHooks() noexcept;
  CachedStatement& prepareStatement(const Sql& sql);
  void stepThrough(const CachedStatement& statement, const Sql& sql, detail::RowVisitor visitor);
  /// Throws `cause` as the caller should see it, with the statement as its frame.
  [[noreturn]] void raise(const Error& cause, const Sql& sql);
  const char* reasonToReplace() const noexcept;
  void noteBreakage(int sqliteCode) noexcept;
  void requireUsable() const;
  std::uint64_t begin(ControlStatements::Kind kind, const char* name);
  void rollbackEverything() noexcept;
  void countEnd(OwnedCounter& counter) noexcept;
  void controlOrThrow(ControlStatements::Kind kind, const char* name);
  std::uint64_t lastTransaction_ = 0;
  bool writing_ = false;
  Durability durability_;
  const std::uint32_t generation_;
  bool nativeHandleGiven_ = false;
  LatencyHistogram& queryLatency_;
};

}  // namespace holdfast
