#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/connection_pool.hpp>

#include "connection/connection_impl.hpp"
#include "connection/heap_wall.hpp"
#include "core/out_of_memory.hpp"
#include "core/port/mutex.hpp"
#include "core/port/process.hpp"
#include "core/steady_clock.hpp"
#include "pool/change_hub.hpp"
#include "pool/change_observers.hpp"
#include "pool/inside_transaction.hpp"
#include "pool/pool_state.hpp"
#include "pool/process_memory.hpp"

namespace holdfast {

/// The pool itself, behind its public face.
///
/// Invariants.
/// (1) A slot that is in use belongs to one thread: the holder of its lease, or the thread that opens, renews, checks
/// or closes its handle. Only that thread touches the handle and replaces slot.connection (under the lock); others
/// may copy the shared pointer under the lock, to interrupt or to read counters.
/// (2) A free slot that a waiter could use does not exist, but for empty slots whose open failed a moment ago: a lease
/// that ends goes to the first waiter of its lane. A lane's flag in the slot table is up exactly while its queue is not
/// empty; kClosed is down exactly while the state is Open.
/// (3) Leases begin and end without the lock where no flag is up (SlotTable says how).
/// (4) mutex is held for bookkeeping only: no SQLite call, event, log line or callback runs under it.
/// (5) Who holds the write slot while others wait for a COMMIT that they share (the group is not empty) commits it,
/// hands the slot with the open transaction to the next waiter, or takes part and leaves it open for who comes
/// next: then it comes back itself after a moment to commit, unless somebody has taken the slot.
/// Lock order: mutex, then PostQueue's or Executor's; EventBus and ProcessMemory have locks of their own, never held
/// with it.
///
///   Closed --open()--> Opening --> Open --close()--> Closing --> Closed
struct ConnectionPool::Core final : PoolState, LeaseOwner, TransactionHost {
  Core();
  ~Core();

  // Lifecycle (pool_lifecycle.cpp).
  OpenReport open(const ConnectionConfig& wanted);
  /// `lastChance`: the pool goes; leases of the calling thread are neither refused nor waited for.
  void close(bool lastChance = false);
  bool isOpen() const noexcept;
  /// For the destructor of the pool: the last lease to come back deletes the core. True where that is now.
  bool abandon() noexcept;
  /// Whether this process is the one that opened the pool; handles must not be touched in a forked child.
  bool inOwnProcess() const noexcept {
    return generation.load(std::memory_order_relaxed) == port::forkGeneration() ||
           !holdsHandles.load(std::memory_order_relaxed);
  }
  void requireOwnProcess() const;

  // Leases (pool_lease.cpp).
  struct Wish {
    Access access = Access::Write;
    std::optional<std::chrono::milliseconds> timeout = {};  ///< Nothing: acquireTimeout.
    Holder holder = {};
    bool quietly = false;    ///< An empty lease instead of Error{PoolExhausted}, and nothing is counted.
    bool mayJoin = false;    ///< The lease may come with the open transaction of a group.
    bool keepsView = false;  ///< What it is for can be done with the snapshot of the last write.
    Priority priority = Priority::Telemetry;
    const StopToken* cancel = nullptr;
  };
  PooledConnection acquire(const Wish& wish);
  /// A read handle, bounded for as long as it is leased.
  PooledConnection acquireToRead(const Holder& holder, const CallOptions& options) {
    if (!options.timeout && !options.cancel.stop_possible() && options.priority == Priority::Telemetry) {
      return acquire({.access = Access::Read, .holder = holder});
    }
    return acquireBounded(holder, options);
  }
  PooledConnection acquireBounded(const Holder& holder, const CallOptions& options);
  void giveBack(Connection& connection, std::size_t slot, bool discard) noexcept override;
  /// Runs `body(Connection&)` on a read handle; again, after making room, where there was no memory and no row has been
  /// delivered yet (pool_memory_retry.cpp).
  template <typename Body>
  void readOnce(const Sql& sql, const CallOptions& options, const bool& started, Body body) {
    const Holder holder{Place{}, sql.data(), sql.isLiteral(), port::currentThreadId()};
    const SteadyTime start = options.timeout ? std::chrono::steady_clock::now() : SteadyTime{};
    try {
      try {
        translatingBadAlloc([&] {
          if (HeavyStatements::contains(sql.hash())) {
            HeavyStatements::Permit permit;
            permit.enter(sql.hash(), heavyDeadline(options), options.cancel);
            body(*acquireToRead(holder, restOf(options, start)));
          } else {
            body(*acquireToRead(holder, options));
          }
        });
      } catch (const Error& error) {
        if (error.code() != ErrorCode::MemoryLimit || started) throw;
        const ReadBody again{&body,
                             [](void* target, Connection& connection) { (*static_cast<Body*>(target))(connection); }};
        translatingBadAlloc([&] { readWithRoom(sql, holder, restOf(options, start), started, again); });
      }
    } catch (Error& error) {
      setContextIfPossible(error, [&] { return contextText(error.code()); });
      throw;
    }
  }
  /// For a write lease of the application's. Throws Error{StorageFull} where the log is at its limit and has not become
  /// shorter `timeout` (nothing: acquireTimeout) after `start`.
  void makeRoomInLog(Connection& writer, SteadyTime start, std::optional<std::chrono::milliseconds> timeout) {
    if (logBytes(writer.impl()) < logLimit(writer.impl())) return;
    makeRoomInLog(writer,
                  start + std::min<std::chrono::milliseconds>(timeout.value_or(config.acquireTimeout), kLongestWait));
  }
  std::vector<LeaseInfo> leases() const;
  bool forceCleanup(std::uint64_t leaseId);

  // What met the memory limit, again with more room (pool_memory_retry.cpp).
  /// The pool without anybody else, for what found no memory beside others: new leases wait, those that are out are
  /// waited for, caches are given back and, with `closeReaders`, the read handles are closed. Not for a thread that
  /// holds a lease itself: others may be waiting for it. Threads that hold one are let through.
  class Alone {
   public:
    Alone(Core& core, SteadyTime deadline, bool closeReaders);
    Alone(const Alone&) = delete;
    Alone& operator=(const Alone&) = delete;
    ~Alone();
    /// False where that could not be had in time.
    explicit operator bool() const noexcept { return held_; }

   private:
    Core& core_;
    bool held_ = false;
    std::optional<sqlite_memory::HeapReserve> reserve_;
  };
  struct ReadBody {
    void* target;
    void (*call)(void* target, Connection& connection);
    void operator()(Connection& connection) const { call(target, connection); }
  };
  void readWithRoom(const Sql& sql, const Holder& holder, const CallOptions& options, const bool& started,
                    const ReadBody& body);
  SteadyTime heavyDeadline(const CallOptions& options) const;
  static CallOptions restOf(const CallOptions& options, SteadyTime start);

  // Transactions (pool_transactions.cpp).
  void runTransaction(const Work& work, const TransactionOptions& options, const Holder& holder);
  Transaction begin(const TransactionOptions& options, const Holder& holder);
  /// One statement on the write handle, a transaction of its own; again where it met contention.
  RunResult run(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit, const CallOptions& options,
                const Holder& holder);
  RunResult runOnce(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit,
                    const CallOptions& options, const Holder& holder, bool mayKeepView);

  // Shared commits (pool_group.cpp). By the holder of the write slot.
  void commit(Transaction& tx) override;
  /// Whether others take part in the transaction that is open, or are likely to.
  bool hasCompany() const noexcept;

  // Posted work (pool_post.cpp).
  void post(std::unique_ptr<detail::PostedTask> task);
  void flush();

  // Asynchronous work.
  void submit(Task&& task);

  // Reads without lock traffic (pool_anchor.cpp). By the owner of the slot.
  void noteRead(std::size_t slot) noexcept;
  void refreshAnchor() noexcept;

  // Handles (pool_handles.cpp). The slot is in use by the caller.
  void openConnection(std::size_t slot, std::chrono::milliseconds openTimeout);
  /// Replaces an aged handle; keeps it where no new one can be opened, but for a pool without threads, whose slot is left
  /// empty then, to be tried again. One at a time, so that the pool has one handle more than it should for a moment, and
  /// not twice as many: false where another one is being renewed.
  bool renewConnection(std::size_t slot, std::chrono::milliseconds openTimeout) noexcept;
  /// Replaces a broken handle; leaves the slot empty, to be tried again, where no new one can be opened.
  void recoverConnection(std::size_t slot, std::string_view reason, std::chrono::milliseconds openTimeout) noexcept;
  bool verifyConnection(std::size_t slot, std::string& reason) noexcept;
  /// Closes a handle that is not needed.
  void cleanupIdleConnection(std::size_t slot) noexcept;
  /// Gives the handle its share of the process's memory, where that has changed.
  void adoptShares(std::size_t slot) noexcept;

  // Housekeeping (pool_housekeeping.cpp).
  void tick();
  HealthReport checkHealth(std::chrono::milliseconds timeout);
  FlashReport flashReport();
  void startHousekeeper();
  void stopHousekeeper();

  // Damage met by calls (pool_damage.cpp, pool_repair.cpp). By housekeeping.
  void suspectDamage() noexcept;
  void lookAfterDamage() noexcept;

  // The whole file, read on a handle of its own (beside.hpp, pool_backup.cpp, pool_verify.cpp).
  class Beside;
  class BackupRun;
  BackupReport backup(const std::string& wanted, const BackupOptions& options);
  VerifyReport verify(VerifyDepth depth, const VerifyOptions& options);
  void scheduleBackups();
  void backupIfDue();
  /// Whether a pool of this process has it open.
  static bool isOpenFile(std::uint64_t device, std::uint64_t inode);

  // Memory (pool_memory.cpp).
  /// Finds out the stage and does what it asks for. `inRounds`: by housekeeping, which does it again.
  MemoryStage memoryCheck(bool inRounds = false);
  /// Refuses new work while memory is critical and cannot be relieved, once nobody else is at work any more who may
  /// give some back, or after `timeout` (nothing: acquireTimeout). Work of Priority::Control is let through.
  void checkResourceLimits(Priority priority, std::optional<std::chrono::milliseconds> timeout);
  void reportMemoryPressure(MemoryStage stage);
  struct Relief {
    std::size_t cachesReleased = 0;
    std::size_t handlesClosed = 0;
  };
  /// What `stage` does to what is idle; handles stay open unless `closeHandles`.
  Relief relieveMemory(MemoryStage stage, bool closeHandles) noexcept;
  /// Gives back the unused pages of idle handles of the other databases: the budget is one.
  void releasePagesOfOthers() const noexcept;
  /// Takes an idle handle of another database: the first one, or the one after that which is named. False after the
  /// last.
  bool takeNextOfOthers(Core*& other, std::size_t& slot) const noexcept;
  // Page caches by need (pool_memory_shares.cpp).
  void rebalanceCaches();
  std::int64_t cacheShareOf(std::size_t slot) const;
  // Who holds what (pool_memory_report.cpp).
  MemoryReport memory();

  // How many handles there are (pool_sizing.cpp).
  static constexpr std::chrono::milliseconds kGrowAfter{2};
  void reviewSize();
  SizingReport recommendations() const;

  // Reporting (pool_reporting.cpp).
  PoolMetrics metrics() const;
  /// "memory 3.1/4.0 MiB, pool 2/4 in use", for errors.
  std::string contextText() const;
  /// For an error with this code.
  std::string contextText(ErrorCode code) const;
  // The text is given in pieces and put together inside, where having no memory for it loses the text and no more:
  // these are called while cleaning up.
  using Pieces = std::initializer_list<std::string_view>;
  void publish(EventKind kind, std::uint64_t connectionId, Pieces detail) noexcept;
  void log(LogLevel level, Pieces message) const noexcept;
  void tellRecovery(const RecoveryReport& recovery) noexcept;
  /// `readers`: who keeps the log from being begun anew, or nothing.
  void noteCheckpoint(const CheckpointReport& report, std::uint64_t connectionId, std::string_view readers) noexcept;
  void noteForeignWrites() noexcept;

  /// Takes a free slot for the pool's own work, unless it is in use. Not a lease: leases() does not show it. Ends with
  /// endLease().
  bool takeForMaintenance(std::size_t slot);

  // --- What has changed ------------------------------------------------------------------------------------------
  ChangeObservers observers;
  const std::shared_ptr<ChangeHub> hub = std::make_shared<ChangeHub>(observers);
  ChangeLog& changes = hub->changes;
  /// Throws Error in a forked child, and inside of a transaction's callback.
  void requireCallable() const {
    requireOwnProcess();
    refuseInsideTransaction();
  }

  // Migrations (pool_schema.cpp, pool_migrations.hpp).
  class Migrating;
  /// Once the first handle is open. Throws Error{SchemaVersion}, ...
  void settleSchema(OpenReport& report);
  /// What a program may do whose migrations end at `program`. Throws Error{SchemaVersion} where that is nothing.
  void enterSchema(const SchemaContract& contract, int program, OpenReport& report);
  /// Counts this start as a healthy one of a trial, where it is one by now, and was not counted yet.
  void noteHealthyStart(bool closing) noexcept;

  // The cores that have a file open.
  static port::Mutex openFilesMutex;
  static Core* firstOpen HOLDFAST_GUARDED_BY(openFilesMutex);
  Core* nextOpen HOLDFAST_GUARDED_BY(openFilesMutex) = nullptr;

 private:
  WaitQueue& waitersOf(Access access) noexcept HOLDFAST_REQUIRES(mutex);
  SizingFigures sizingTotals() const HOLDFAST_REQUIRES(mutex);
  /// Whether an empty slot of the lane may get a handle.
  bool mayOpen(Access access) const noexcept HOLDFAST_REQUIRES(mutex);
  /// Allows for one handle more where somebody has waited since then for long enough.
  bool growFor(SteadyTime since) noexcept HOLDFAST_REQUIRES(mutex);
  /// Waits for those who are at work. Whether memory is no longer critical.
  bool memoryComesBack(std::optional<std::chrono::milliseconds> timeout);
  void enterStage(MemoryStage stage, const Relief& relief);
  void readSignals();
  /// By the owner of the slot.
  void noteMemory(std::size_t slot) noexcept;
  /// Its handle has gone.
  void forgetMemory(std::size_t slot) noexcept {
    Slot& entry = table[slot];
    for (auto* figure : {&entry.pageBytes, &entry.schemaBytes, &entry.statementBytes, &entry.cacheBytes})
      figure->store(0);
  }
  void lookAtIdleHandles() noexcept;
  MemoryReport lastKnownMemory() const;
  /// Takes a waiter out of its queue, and the flag of its lane down with the last.
  void leaveQueue(Access access, Waiter& waiter, bool served) noexcept HOLDFAST_REQUIRES(mutex);
  void requireOpen() const HOLDFAST_REQUIRES(mutex);
  bool holdsLease(std::uint64_t thread) const noexcept HOLDFAST_REQUIRES(mutex);
  /// Whether it has to wait for a thread that wants the pool to itself. Alarms and commands never do.
  bool isBarred(const Waiter& waiter) const noexcept HOLDFAST_REQUIRES(mutex) {
    return aloneThread != 0 && aloneThread != waiter.holder.thread && !waiter.nested &&
           waiter.priority != Priority::Control;
  }
  /// From then on until endAlone() new leases wait for this thread. False where it holds one itself, and where that could
  /// not be had in time.
  bool barOthers(SteadyTime deadline);
  /// The same, and nobody holds a lease any more.
  bool beginAlone(SteadyTime deadline);
  void endAlone() noexcept;
  void clearForOne(bool closeReaders) noexcept;
  void refuseInsideTransaction() const {
    if (InsideTransaction::of(this)) throwInsideTransaction();
  }
  [[noreturn]] void throwInsideTransaction() const;
  // By the owner of the slot, or by who is about to hand it over.
  void beginLease(std::size_t slot, const Holder& holder, Clock::TimePoint now) noexcept;
  bool isReady(std::size_t slot, Clock::TimePoint now) const noexcept;
  void refuseSelfDeadlock(Access access, const Holder& holder) const HOLDFAST_REQUIRES(mutex);
  /// Joins the queue until a slot is handed over; kNoSlot at the deadline.
  static constexpr std::size_t kNoSlot = static_cast<std::size_t>(-1);
  std::size_t waitForSlot(const Wish& wish, std::size_t preferred, SteadyTime deadline);
  PooledConnection acquireSlowly(const Wish& wish, std::optional<std::size_t> taken);
  /// Opens, renews or verifies the handle of a slot just taken. False where the lease was given up with `failure` set.
  bool prepareLease(std::size_t slot, SteadyTime deadline, std::optional<Error>& failure);
  PooledConnection handOut(std::size_t slot, const Wish& wish) noexcept;
  [[noreturn]] void throwExhausted(Access access, std::chrono::milliseconds timeout,
                                   const std::optional<Error>& openFailure);
  /// Frees the slot, or hands it to the first waiter of its lane.
  void endLease(std::size_t slot) noexcept;
  /// Whom to tell once the lock is let go; null for nobody.
  port::Parker* passOn(std::size_t slot, Clock::TimePoint now) noexcept HOLDFAST_REQUIRES(mutex);
  static void wakeFirst(WaitQueue& queue) noexcept;
  /// Of a pool that is closing or closed.
  void endLastLease(std::size_t slot) noexcept;
  /// Waits are cut to this: adding the longest duration there is to a time would overflow.
  static constexpr std::chrono::hours kLongestWait{24};
  void giveBackWriter(Connection& writer, bool discard) noexcept;
  void resetDurability(Connection::Impl& writer) const noexcept;
  void restoreState(Connection& connection, std::size_t slot, bool discard) noexcept;
  // The log (pool_log.cpp).
  void checkpointIfDue(Connection& writer) noexcept;
  std::int64_t logLimit(const Connection::Impl& writer) const noexcept;
  static std::int64_t logBytes(const Connection::Impl& writer) noexcept;
  /// Names one snapshot of one lease.
  static std::uint64_t snapshotKey(std::uint64_t lease, const Connection::Impl& reader) noexcept;
  /// Interrupts reads that are past their budget. Returns who holds a snapshot, for people.
  std::string endOldSnapshots();
  /// Throws Error{StorageFull} where the log is at its limit and does not get any shorter until the deadline.
  void makeRoomInLog(Connection& writer, SteadyTime deadline);

  /// One pool for a file: two would meet in its locks, and a checkpoint of one could overlap a write of the other.
  /// Throws Error{Misuse}.
  void claimFile();
  void yieldFile() noexcept;
  void startOpening(const ConnectionConfig& wanted);
  void takeFile(const ConnectionConfig& wanted, OpenReport& report);
  /// Puts another file in the place of the database, which no handle has open; the claim is to that one then.
  void exchangeFile(const std::function<void()>& exchange);
  /// Checks the file and repairs it where it has to be (pool_start_up.cpp).
  void startUp(const ConnectionConfig& wanted, OpenReport& report);
  void startUpDamaged(OpenReport& report);
  std::string noteRecovery(const RecoveryReport& recovery);
  class Repair;
  void repairDamage();
  void openHandles(OpenReport& report);
  void failOpening() noexcept;
  void rejectWaiters() HOLDFAST_REQUIRES(mutex);
  void refuseCloseByHolder() HOLDFAST_REQUIRES(mutex);
  std::string awaitLeases() noexcept;
  std::string namesOfHolders() const noexcept;
  bool othersHoldLeases() const HOLDFAST_REQUIRES(mutex);
  void closeHandles() noexcept;
  /// Undoes what opening did to the process, once no handle is left.
  void leaveProcess() noexcept;
  std::shared_ptr<Connection> takeFreeHandle() noexcept;
  void checkpointBeforeClose(Connection& writer) noexcept;

  ConnectionProfile profileOf(std::size_t slot, std::chrono::milliseconds openTimeout);
  std::shared_ptr<Connection> makeConnection(std::size_t slot, std::chrono::milliseconds openTimeout);
  void retire(std::shared_ptr<Connection> connection) noexcept;
  /// Of a slot that has one.
  void closeHandle(std::size_t slot) noexcept;
  /// Before another handle is opened in the place of the slot's. What is to be retired afterwards; null: it is closed.
  std::shared_ptr<Connection> makeWay(std::size_t slot) noexcept;
  void requireSameFile() const;
  void tickSlot(std::size_t slot);
  void performVerdict(std::size_t slot, Verdict verdict);
  /// By the owner of the write slot, which has a handle.
  void reviewStorage() noexcept;
  // The flash-write ledger (pool_flash.cpp).
  void startLedger(OpenReport& report);
  void reviewLedger() noexcept;
  void reportLeak(std::uint64_t leaseId);
  void resetMetrics() HOLDFAST_REQUIRES(mutex);
  // Health (pool_health.cpp). By the owner of the slot.
  void checkSlot(std::size_t slot, SteadyTime deadline, HealthReport& report);
  void checkWriter(Connection& writer, HealthReport& report);
  void checkBusyWriter(SteadyTime deadline, HealthReport& report);

  struct Patience {
    RetryPolicy policy;
    SteadyTime deadline;
    StopToken cancel;
  };
  class Phases;
  /// How it goes with others.
  enum class Company : std::uint8_t { Join, Lead, Alone };
  Transaction beginOnce(const TransactionOptions& options, const Holder& holder, SteadyTime deadline, Company company,
                        Phases& phases);
  Patience patienceFor(const TransactionOptions& options) const;
  /// By the holder of a lease.
  Patience patienceSince(SteadyTime start, const TransactionOptions& options) const;
  /// The level at which a handle carries out transactions that ask for `wanted`; what is stronger is synced afterwards.
  Durability carriedOutAt(Durability wanted) const noexcept;
  /// Calls `attempt`, which returns nothing when it is done and the error when it met contention, until it is done or
  /// the patience is at its end.
  template <typename Attempt>
  void retry(const Patience& patience, Attempt attempt);
  /// One run of a transaction. Nothing when it is over; the error when it met contention and may be run again.
  std::optional<Error> attemptTransaction(const Work& work, const TransactionOptions& options, const Holder& holder,
                                          SteadyTime deadline, bool alone, bool& committed);
  /// Runs it; again with more room where SQLite had no memory for it, unless `final` says that it has taken effect.
  template <typename Run>
  void repeatWithRoom(Run run, const Patience& patience, const bool& final);

  /// Hands the write slot and its open transaction to the first in line, where it may join, or leaves it open for those
  /// who are expected. Blocks until the shared COMMIT is over where `self` takes part in it. False where there is
  /// nobody: the caller still has the slot.
  bool handOver(Connection& writer, GroupMember* self);
  /// Who took part in a COMMIT, to be told once the write slot is free: they may need it at once.
  struct Ended {
    PostQueue::Tasks tasks;
    std::vector<GroupMember*> members;
    CommitResult result;
  };
  /// Waits for the end of the shared COMMIT; carries it out itself where the patience of `self` ends before.
  void awaitEnd(GroupMember& self) noexcept;
  /// Commits what others have left open, for a holder of the slot that cannot take part.
  void settleGroup() noexcept;
  /// With nobody to hand over to: runs what was posted, and commits for everybody.
  Ended commitGroup(Connection& writer, GroupMember* self, bool withPosts = true) noexcept;
  static void endHolder(Connection::Impl& writer) noexcept;
  CommitResult commitOnce(Connection::Impl& writer) noexcept;
  CommitOutcome commitAndSync(Connection::Impl& writer, std::optional<Error>& error);
  /// `markBefore`: the handle's commitMark() before the COMMIT.
  CommitOutcome resolveOutcome(Connection::Impl& writer, std::uint64_t markBefore) noexcept;
  /// What takes part in a transaction that was rolled back under it, without having caused that.
  CommitResult undoneByOthers(Connection::Impl& writer) noexcept;
  /// The end of a lease of the write handle that leaves a group behind. Nothing where the slot went to another holder.
  std::optional<Ended> leaveGroup(Connection& writer) noexcept;
  void runPosted(Connection& writer, PostQueue::Tasks& done) noexcept;
  /// So many pieces of posted work go along with one COMMIT at most.
  std::size_t mostPosts() const noexcept;
  void runPostedOne(Connection& writer, detail::PostedTask& task) noexcept;
  /// Queues again what was undone because of others; before the write slot is free, so that the order stays.
  void repeatPosted(Ended& ended) noexcept;
  static void endPosted(Ended ended) noexcept;
  static void tellMembers(Ended& ended) noexcept;
  void flushOnce();
  void flushOrThrow();
  /// Nothing could be written, for that reason: whose deadline has passed is told.
  void failOverduePosts(const std::exception& why) noexcept;
  /// False where another process holds the lock.
  bool tryFlush(SteadyTime deadline);
  void finishBackgroundWork() noexcept;
  void finishAsyncCalls(Executor& threads) noexcept;
  void revokeLeasesOf(const Executor& threads) noexcept;
  void startPoster();
  void dropAnchor(Connection& writer) noexcept;
  /// At the beginning of a lease of the write handle.
  void settleAnchor(Connection& writer, const Wish& wish) noexcept;
  void takeAnchor(Connection& writer) noexcept;
  bool takeView(Connection& writer) noexcept;
  /// So many that they hold the lock for each other.
  bool haveManyReaders() const noexcept;
  /// Whether somebody else has committed since it was asked last, by the version that an anchor has read.
  bool foreignWriteSeen(const Connection& writer, std::int64_t version) noexcept;
  void lookForForeignWrites(Connection& writer) noexcept;
};

/// "#3 held for 2.1 s by thread 4711 (function at file:line)", or with the statement.
std::string describe(const LeaseInfo& lease);

}  // namespace holdfast
