#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <holdfast/connection_config.hpp>
#include <holdfast/statement_executor.hpp>

struct sqlite3;

namespace holdfast {

/// What a lease may do.
enum class Access : std::uint8_t {
  Read,   ///< One of the read handles (query_only): any number of them read at the same time.
  Write,  ///< The write handle: one at a time, in the order of asking.
};

std::string_view toText(Access access) noexcept;

/// One SQLite handle with its settings, its prepared statements and its state.
///
/// Applications get one by leasing it from the pool. A connection is used by one thread at a time (the lease sees to
/// that); only interrupt() may be called from others. Transactions are the Transaction's business: BEGIN, COMMIT,
/// ROLLBACK and SAVEPOINT in a statement's text are Error{Denied}, as are ATTACH and settings that would break
/// what the engine relies on (journal_mode, locking_mode, writable_schema and the like). Settings that a lease may
/// change (cache_size, foreign_keys, synchronous, ...) are put back when it ends.
class Connection final : public StatementExecutor {
 public:
  struct Impl;

  explicit Connection(std::unique_ptr<Impl> impl) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  RunResult runBound(const Sql& sql, std::span<const ValueView> values) override;
  RunResult runReturningBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) override;
  void visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) override;
  Rows queryBound(const Sql& sql, std::span<const ValueView> values) override;

  /// Counted from 1 over the life of the pool.
  std::uint64_t id() const noexcept;
  Access access() const noexcept;
  /// Whether a transaction is open on the handle.
  bool inTransaction() const noexcept;
  std::int64_t lastInsertRowId() const noexcept;
  /// Ends the running statement of this handle, soon, with Error{Interrupted}. Does not block. Any thread.
  void interrupt() noexcept;

  /// The handle itself, for what the library does not offer. Nobody can know what is changed through it: when the lease
  /// ends the handle is replaced, which costs an open, and statements still prepared on it are finalized. Do not close
  /// it; do not keep it.
  sqlite3* nativeHandle() noexcept;

  Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// How COMMIT ended.
enum class CommitOutcome : std::uint8_t { Done, NotDone, Unknown };

/// Takes leased connections back.
class LeaseOwner {
 public:
  /// Never throws. Blocks for undoing what the lease left behind, for a checkpoint that is due and for replacing a
  /// broken handle. `discard`: replace the handle.
  virtual void giveBack(Connection& connection, std::size_t slot, bool discard) noexcept = 0;

 protected:
  ~LeaseOwner() = default;
};

/// A leased connection. Gives it back when it goes: open transaction rolled back, statements reset, settings put
/// back; a broken handle is replaced. Move-only; used by one thread at a time. Whoever took it counts as its holder,
/// also where it was moved to another thread: that thread must not wait for the same handle, nor close the pool.
class PooledConnection {
 public:
  PooledConnection() noexcept = default;
  PooledConnection(Connection& connection, LeaseOwner& owner, std::size_t slot) noexcept
      : connection_(&connection), owner_(&owner), slot_(slot) {}
  PooledConnection(PooledConnection&& other) noexcept
      : connection_(other.connection_), owner_(other.owner_), slot_(other.slot_) {
    other.connection_ = nullptr;
  }
  PooledConnection& operator=(PooledConnection&& other) noexcept {
    if (this != &other) {
      release();
      connection_ = other.connection_;
      owner_ = other.owner_;
      slot_ = other.slot_;
      other.connection_ = nullptr;
    }
    return *this;
  }
  ~PooledConnection() { release(); }

  Connection* operator->() const noexcept { return connection_; }
  Connection& operator*() const noexcept { return *connection_; }
  /// False once released.
  explicit operator bool() const noexcept { return connection_ != nullptr; }

  /// Gives the connection back now. Does nothing a second time.
  void release() noexcept { giveBack(false); }
  /// Gives it back and has the handle replaced, for a caller that no longer trusts it.
  void discard() noexcept { giveBack(true); }

 private:
  friend class ConnectionPool;
  /// For a lease that has passed to another holder.
  void forget() noexcept { connection_ = nullptr; }
  void giveBack(bool discard) noexcept {
    if (connection_ == nullptr) return;
    Connection& connection = *connection_;
    connection_ = nullptr;
    owner_->giveBack(connection, slot_, discard);
  }

  Connection* connection_ = nullptr;
  LeaseOwner* owner_ = nullptr;
  std::size_t slot_ = 0;
};

}  // namespace holdfast
