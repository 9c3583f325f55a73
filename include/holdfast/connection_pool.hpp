#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <holdfast/backup.hpp>
#include <holdfast/bounded_calls.hpp>
#include <holdfast/connection.hpp>
#include <holdfast/connection_config.hpp>
#include <holdfast/event.hpp>
#include <holdfast/features.hpp>
#include <holdfast/flash_report.hpp>
#include <holdfast/memory_budget.hpp>
#include <holdfast/metrics.hpp>
#include <holdfast/migration.hpp>
#include <holdfast/observation.hpp>
#include <holdfast/place.hpp>
#include <holdfast/post.hpp>
#include <holdfast/report.hpp>
#include <holdfast/sizing.hpp>
#include <holdfast/transaction.hpp>
#include <holdfast/verify.hpp>

namespace holdfast {

namespace detail {
class PoolInternals;
}

/// A fixed pool of SQLite handles on one database file: one write handle, the rest read handles.
///
/// Every call may be made from any thread. Waiters are served in the order of asking, by direct hand-over. Nothing of
/// SQLite, no event and no log line runs under the pool's lock. A pool can be closed and opened again; what is not
/// open answers Error{PoolClosed}. After fork() every call in the child is Error{ForkedProcess} and nothing is closed
/// there.
///
/// run() uses the write handle, each statement being its own durable transaction; query(), queryOne(), queryValue() and
/// forEach() use a read handle and refuse statements that write.
class ConnectionPool : public StatementExecutor {
 public:
  ConnectionPool();
  explicit ConnectionPool(const ConnectionConfig& config);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  /// Closes. A lease that outlives the pool stays usable; its handle is closed when it ends. Not on one of the pool's
  /// own threads, nor in a listener.
  virtual ~ConnectionPool();

  /// Opens the database and minPoolSize handles. Throws Error: InvalidConfig; Misuse where it is open already;
  /// CannotOpen, NotADatabase, ReadOnly, StorageFull, Busy, ... for the file. After an error nothing is open.
  OpenReport open(const ConnectionConfig& config);
  /// Ends the pool: asynchronous calls and posted work are finished, new calls and waiters get Error{PoolClosed},
  /// leases are waited for, the log is checkpointed, all handles are closed. After closeTimeout asynchronous calls that
  /// have not begun are dropped (their futures report PoolClosed), those that run get Error{LeaseRevoked} or
  /// {PoolClosed} from their next statement and are waited for. Then, after another closeTimeout, the statements of
  /// leases still out are interrupted, and Error{Timeout} names them: the pool is closed then, and their handles close
  /// when they end. Closing what is closed does nothing.
  void close();
  bool isOpen() const noexcept;

  /// Leases a handle, waiting in line for it until `timeout` (nothing: acquireTimeout; zero: not at all). Throws
  /// Error: PoolExhausted, saying who holds what since when; PoolClosed; Misuse where this thread itself holds the
  /// write handle that it asks for; StorageFull where it is the write handle and the log is at its limit; and whatever
  /// opening a handle meets.
  PooledConnection acquire(Access access = Access::Write, std::optional<std::chrono::milliseconds> timeout = {},
                           Place place = Place::here());
  /// A handle that is free now, or nothing. Does not throw for a busy pool; StorageFull as acquire().
  std::optional<PooledConnection> tryAcquire(Access access = Access::Write, Place place = Place::here());

  RunResult runBound(const Sql& sql, std::span<const ValueView> values) override;
  RunResult runReturningBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) override;
  void visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) override;
  Rows queryBound(const Sql& sql, std::span<const ValueView> values) override;

  /// Runs `work(Transaction&)` in a transaction on the write handle and commits; rolls back when it throws. Returns
  /// what `work` returns, once that is as durable as asked. The callback runs again when SQLite reports contention
  /// (Busy), up to twice when it finds no memory, never once COMMIT may have taken effect. Blocks until the timeout at the longest, besides `work` itself.
  template <typename F>
    requires std::invocable<F&, Transaction&>
  std::invoke_result_t<F&, Transaction&> transaction(F&& work, const TransactionOptions& options = {},
                                                     Place place = Place::here()) {
    using Result = std::invoke_result_t<F&, Transaction&>;
    if constexpr (std::is_void_v<Result>) {
      auto attempt = [&work](Transaction& tx) { std::invoke(work, tx); };
      runTransaction(Work(attempt), options, place);
    } else {
      std::optional<Result> result;
      auto attempt = [&work, &result](Transaction& tx) { result.emplace(std::invoke(work, tx)); };
      runTransaction(Work(attempt), options, place);
      return std::move(*result);
    }
  }
  /// A transaction by hand; rolled back unless committed.
  Transaction begin(const TransactionOptions& options = {}, Place place = Place::here());

  /// Has `work(Transaction&)` carried out by whoever commits next, or when postDelay, postBatch or groupMaxBytes makes
  /// it due, and returns at once: many such pieces share one COMMIT. In the order of posting; each is undone alone
  /// where it throws. The future completes once the change is as durable as asked, with what `work` returned. It runs
  /// on another thread, perhaps twice (where a transaction around it had to be undone). Blocks up to acquireTimeout
  /// while postCapacity pieces wait, then throws Error{PoolExhausted}; the future reports what later goes wrong.
  template <typename F>
    requires std::invocable<F&, Transaction&>
  auto post(F&& work, const PostOptions& options = {}) {
    static_assert(detail::kHasAsync<F>, "the library was built without HOLDFAST_ASYNC");
    auto task = std::make_unique<detail::PostedWork<std::decay_t<F>>>(std::forward<F>(work));
    task->setOptions(options);
    auto future = task->future();
    postTask(std::move(task));
    return future;
  }
  /// The same for one statement; the values are copied.
  template <typename... Args>
  Future<RunResult> post(const Sql& sql, const Args&... args) {
    return post(PostOptions{}, sql, args...);
  }
  template <typename... Args>
  Future<RunResult> post(const PostOptions& options, const Sql& sql, const Args&... args) {
    static_assert(detail::kHasAsync<Args...>, "the library was built without HOLDFAST_ASYNC");
    const std::array<ValueView, sizeof...(Args)> values{ValueView(args)...};
    auto task = std::make_unique<detail::PostedStatement>(sql, values);
    task->setOptions(options);
    auto future = task->future();
    postTask(std::move(task));
    return future;
  }
  /// Writes what was posted so far, and makes durable what was committed at less than Full. Blocks until that is done.
  void flush();

  /// Runs `work(Transaction&)`, `work(ReadTransaction&)` or `work()` on one of the pool's own threads (asyncThreads), a
  /// transaction as transaction() would; the timeout begins now. The options mean nothing to `work()`. Blocks up to
  /// acquireTimeout while asyncCapacity calls wait for a thread, then throws Error{PoolExhausted}.
  template <typename F>
  auto async(F&& work, const TransactionOptions& options = {}, Place place = Place::here()) {
    static_assert(detail::kHasAsync<F>, "the library was built without HOLDFAST_ASYNC");
    const auto asked = std::chrono::steady_clock::now();
    auto call = [this, work = std::forward<F>(work), options = TransactionOptions(options), place, asked]() mutable {
      if (options.timeout) options.timeout = detail::timeLeft(asked, *options.timeout);
      if constexpr (std::invocable<std::decay_t<F>&, Transaction&>) {
        return transaction(work, options, place);
      } else if constexpr (std::invocable<std::decay_t<F>&, ReadTransaction&>) {
        return read(work, {.timeout = options.timeout, .priority = options.priority, .cancel = options.cancel}, place);
      } else {
        static_cast<void>(this);
        static_cast<void>(place);
        return std::invoke(work);
      }
    };
    using Result = std::invoke_result_t<decltype(call)&>;
    detail::Promise<Result> promise;
    Future<Result> future = promise.future();
    submit(std::make_unique<detail::AsyncCall<decltype(call), Result>>(std::move(call), std::move(promise)));
    return future;
  }

  /// Runs `work(ReadTransaction&)` on one consistent view. Returns what `work` returns.
  template <typename F>
    requires std::invocable<F&, ReadTransaction&>
  std::invoke_result_t<F&, ReadTransaction&> read(F&& work, const CallOptions& options = {},
                                                  Place place = Place::here()) {
    ReadTransaction snapshot(acquireToRead(options, place));
    return std::invoke(work, snapshot);
  }

  /// A query that stands on one of its rows, on a read handle that it leases until its end. The options bound the whole
  /// reading, what the caller does between two rows included.
  RowCursor cursor(const Sql& sql, std::span<const ValueView> values = {}, const CallOptions& options = {},
                   Place place = Place::here());

  /// Single calls that are bounded: db.with({.timeout = 250ms}).query("...")
  BoundedCalls with(CallOptions options) noexcept;

  /// Moves the write-ahead log into the database and cuts it, in the write lane. Does not wait for readers.
  CheckpointReport checkpoint();
  /// Copies the database as it is now to another file while reads and writes go on (docs/backup.md): verified, synced and
  /// under its name only when it is good; the one before is "path.1" then. Blocks until that is done. Throws Error, and
  /// leaves nothing behind: Denied where the file is the database's own or the backup that is there has to be kept;
  /// Busy beside another backup; Timeout, Interrupted, PoolClosed where it is ended; StorageFull, IoError, ...
  BackupReport backup(const std::string& path, const BackupOptions& options = {});
  /// Applies the migrations of ConnectionConfig::migrations that the database has not had, in the write lane: each in a
  /// transaction of its own, after a backup (docs/migrations.md). Blocks until that is done; writes wait, reads go on. Throws
  /// Error, of which those before it stay: what the migration met, Constraint for foreign keys that do not hold
  /// afterwards, Misuse without migrations, ReadOnly, SchemaVersion, ...
  MigrationReport migrate(const MigrateOptions& options = {});
  /// What the database has on record. Needs no migrations.
  MigrationStatus migrationStatus();
  /// Ends the trial of what was migrated last: it stays. Durable when it returns. False where there is none, or where it is
  /// that of a newer program.
  bool confirmMigration();
  /// Looks at the whole database, on a handle of its own, while reads and writes go on. Damage is told apart from reading
  /// that fails, and believed when it is seen twice. Throws Error for a pool that is not open.
  VerifyReport verify(VerifyDepth depth = VerifyDepth::Quick, const VerifyOptions& options = {});
  /// Reads a page from the medium by every idle handle, and finds out whether the write handle could write, which takes
  /// the write lock for a moment; replaces what is broken. A page is really written only where none was for
  /// writeProofInterval. Waits for the write handle and for locks of other processes until the timeout; a medium that hangs
  /// inside of the system hangs this call, too. Throws Error only where the pool is not open.
  HealthReport checkHealth(std::chrono::milliseconds timeout = std::chrono::seconds{5});
  /// One round of housekeeping, on the calling thread: idle and aged handles, failed opens, leaks, memory. With
  /// HousekeepingMode::Thread the pool's own thread calls it.
  void tick();

  /// What the storage allows, as far as it is known: writes look before they begin and find out by what they meet,
  /// housekeeping looks in each round. An EventKind::StorageChanged tells of each change; its listener may be called by a
  /// thread that holds the write handle, so it posts what it wants to write. Any thread, does not block.
  StorageState storageState() const;
  /// How much was written to the medium, by file and day, and how long it will last. Any thread, does not block.
  FlashReport flashReport();
  PoolMetrics metrics() const;
  /// Who holds what of the memory that the process may use. Idle handles are looked at, each for some microseconds;
  /// those in use give the figures of when they were looked at last. Reads the system's files about memory.
  MemoryReport memory();
  /// The application's own word on memory: this stage's actions are taken at once and kept up by housekeeping, until it
  /// says Normal. At Critical new transactions are refused with Error{MemoryLimit}.
  void reportMemoryPressure(MemoryStage stage);
  /// What the pool would set otherwise, and why.
  SizingReport recommendations() const;
  /// The leases that are out, longest held first.
  std::vector<LeaseInfo> leases() const;
  /// Forces a lease back: interrupts its statements, makes its further calls Error{LeaseRevoked}, and replaces the
  /// handle when the holder lets go. False where there is no such lease any more.
  bool forceCleanup(std::uint64_t leaseId);

  /// Calls `listener` for every event, on the thread that caused it and under no lock. It should be quick; what it
  /// throws is logged and dropped. Subscriptions outlive close() and open().
  SubscriptionId subscribe(std::function<void(const Event&)> listener);
  /// After it returns the listener is not called any more, but a call under way may still be finishing.
  void unsubscribe(SubscriptionId id);

  /// Calls `changed` when one of the tables (not views) may have changed: see Observation. Throws
  /// Error{InvalidArgument} for an empty function. Names that do not exist (yet) are observed as well.
  [[nodiscard]] Observation observe(const std::vector<std::string>& tables, std::function<void()> changed);

 private:
  /// The caller's callback without its type.
  class Work {
   public:
    template <typename F>
    explicit Work(F& work) noexcept
        : work_(&work), call_([](void* target, Transaction& tx) { (*static_cast<F*>(target))(tx); }) {}
    void operator()(Transaction& tx) const { call_(work_, tx); }

   private:
    void* work_;
    void (*call_)(void*, Transaction&);
  };
  friend class BoundedCalls;
  friend class detail::PoolInternals;
  struct Core;

  // run(), forEach() and query() with bounds.
  RunResult runWith(const CallOptions& options, const Sql& sql, std::span<const ValueView> values,
                    const detail::RowVisitor& visit);
  void visitWith(const CallOptions& options, const Sql& sql, std::span<const ValueView> values,
                 detail::RowVisitor visit);
  Rows queryWith(const CallOptions& options, const Sql& sql, std::span<const ValueView> values);
  void runTransaction(Work work, const TransactionOptions& options, Place place);
  PooledConnection acquireToRead(const CallOptions& options, Place place);
  void postTask(std::unique_ptr<detail::PostedTask> task);
  void submit(std::unique_ptr<detail::AsyncTask> task);

  Core* core_;
};

}  // namespace holdfast
