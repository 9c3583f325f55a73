// open() and close().

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "connection/memory_arena.hpp"
#include "connection/sqlite_library.hpp"
#include "core/port/files.hpp"
#include "core/port/process.hpp"
#include "core/text.hpp"
#include "pool/pool_core.hpp"
#include "storage/database_file.hpp"
#include "storage/page_checksums.hpp"

namespace holdfast {
namespace {

// Pools that hold handles, and the fork generation they belong to. A child must not open the files that its parent had
// open: SQLite's record of the locks is per process and was copied, while the locks were not.
std::atomic<int> openPools{0};
std::atomic<std::uint32_t> openPoolsGeneration{0};
constexpr int kAttemptsInVain = 5;
// A file is looked at, and perhaps replaced, by one pool at a time, up to where that has laid claim to it: by its name,
// which stays when the file is replaced, and by what it is, which may have two names. Others seldom wait for it.
constexpr std::size_t kStripes = 16;
constinit std::array<port::Mutex, kStripes> startingNames;
constinit std::array<port::Mutex, kStripes> startingFiles;

/// The last chance is taken without a name, too.
std::string nameToClose(const std::string& path, bool lastChance) {
  try {
    return path;
  } catch (const std::bad_alloc&) {
    if (!lastChance) throw;
    return {};
  }
}

void refuseAfterFork() {
  if (openPools.load() > 0 && openPoolsGeneration.load() != port::forkGeneration()) {
    throw Error(ErrorCode::ForkedProcess,
                "this process was forked while databases were open; open them after fork(), or call exec()");
  }
}

}  // namespace

ConnectionPool::Core::Core()
    : observers([this](const char* failure) {
        log(LogLevel::Warning, {"an observer of changes failed: ", failure});
      }) {
  logger = makeStderrLogger();
  clock = &systemClock();
  generation = port::forkGeneration();
  storage.listen([this](StorageState now, StorageState before, const std::string& why) {
    publish(EventKind::StorageChanged, 0, {toText(now), " (was ", toText(before), "): ", why});
    log(now == StorageState::Ok ? LogLevel::Info : LogLevel::Warning, {"storage is ", toText(now), ": ", why});
    if (now == StorageState::Damaged) suspectDamage();
  });
  content.listen([this](const Scrub::Finding& finding) {
    const std::string_view where = finding.unused ? "; nothing is in that page" : "";
    counters.damageFound.add();
    publish(EventKind::DamageFound, 0, {"found by reading: ", finding.error.what(), where});
    log(LogLevel::Error, {"found by reading: ", finding.error.what(), where});
    if (!finding.unused) storage.note(finding.error);
  });
}

ConnectionPool::Core::~Core() = default;

void ConnectionPool::Core::requireOwnProcess() const {
  if (inOwnProcess()) return;
  throw Error(ErrorCode::ForkedProcess,
              "the database was opened by the parent process; open it after fork(), or exec()");
}

OpenReport ConnectionPool::Core::open(const ConnectionConfig& wanted) {
  requireOwnProcess();
  refuseAfterFork();
  wanted.validate();
  startSqlite(sortBytes(wanted.memoryLimit));
  requireUsableSqlite();
  startOpening(wanted);
  OpenReport report;
  try {
    ProcessMemory::instance().join(this, sqlite_memory::limitWithinArena(wanted.memoryLimit), wanted.poolSize);
    if (ProcessMemory::instance().limit() != 0) releasePagesOfOthers();  // Their shares are smaller now.
    takeFile(wanted, report);
    const std::string warning = storage.start(path, {wanted.storageReserve, wanted.storageQuota, wanted.ballastSize});
    if (!warning.empty()) report.warnings.push_back(warning);
    if (damage.isLeftAlone()) storage.note(Error(ErrorCode::Corrupt, "what is wrong could not be repaired"));
    startLedger(report);
    openHandles(report);
  } catch (Error& error) {
    failOpening();
    addFrameIfPossible(error, [&wanted] { return "open " + wanted.database; });
    throw;
  } catch (...) {
    failOpening();
    throw;
  }
  for (const std::string& warning : report.warnings) log(LogLevel::Warning, {warning});
  tellRecovery(report.recovery);
  if (report.commitsMissing > 0) publish(EventKind::CommitsMissing, 0, {std::to_string(report.commitsMissing)});
  publish(EventKind::Initialized, 0, {path});
  return report;
}

void ConnectionPool::Core::takeFile(const ConnectionConfig& wanted, OpenReport& report) {
  const DatabaseFile found = findDatabaseFile(wanted.database);
  const port::LockGuard byName(startingNames[std::hash<std::string>()(found.path) % kStripes]);
  const port::LockGuard byFile(startingFiles[found.inode % kStripes]);
  startUp(wanted, report);
  const DatabaseFile file = prepareDatabaseFile(wanted.database, wanted.createIfMissing);
  const port::FileFacts facts = port::fileFacts(file.path);
  {
    const port::LockGuard guard(mutex);
    path = file.path;
    device = facts.device;
    inode = facts.inode;
  }
  claimFile();
  report.database = file.path;
  report.created = file.created;
  report.recoveredLog = file.hasLog;
  useTemporaryDirectoryBeside(file.path);
  const std::string converted = damage.isLeftAlone() ? std::string() : takeUpPageChecksums(file.path, wanted);
  if (!converted.empty()) report.warnings.push_back(converted);
}

void ConnectionPool::Core::exchangeFile(const std::function<void()>& exchange) {
  const port::LockGuard byName(startingNames[std::hash<std::string>()(path) % kStripes]);
  const port::LockGuard byFile(startingFiles[inode % kStripes]);
  exchange();
  const port::FileFacts facts = port::fileFacts(path);
  yieldFile();
  {
    const port::LockGuard guard(mutex);
    device = facts.device;
    inode = facts.inode;
  }
  claimFile();
}

void ConnectionPool::Core::startOpening(const ConnectionConfig& wanted) {
  // Whatever needs memory comes first: from Opening on nothing may fail.
  ConnectionConfig copy = wanted;
  SlotTable::Slots fresh = SlotTable::makeSlots(wanted.poolSize);
  auto newExecutor = std::make_shared<Executor>(ExecutorLimits{wanted.asyncThreads, wanted.asyncCapacity});
  std::shared_ptr<Logger> newLogger = wanted.logger != nullptr ? wanted.logger : makeStderrLogger();
  {
    const port::LockGuard guard(mutex);
    if (state != State::Closed) throw Error(ErrorCode::Misuse, "\"" + path + "\" is open already; close() it first");
    if (!table.inUse().empty()) {
      throw Error(ErrorCode::Misuse, std::to_string(table.inUse().size()) +
                                         " leases of the time before close() are still out; release them first");
    }
    state = State::Opening;
    handlesClosed = workersRefused = false;
    generation = port::forkGeneration();
    config = std::move(copy);
    logger = std::move(newLogger);
    clock = config.clock != nullptr ? config.clock.get() : &systemClock();
    sizeTarget = config.dynamicSizing ? config.minPoolSize : config.poolSize;
    sizing = {};
    ++timesOpened;
    for (std::size_t slot = 0; slot < config.poolSize; ++slot) fresh[slot].leases = timesOpened << 32;
    table.adopt(std::move(fresh), config.poolSize);
    checkpoints = CheckpointPolicy(config.checkpointPages);
    memoryStage = MemoryStage::Normal;
    watch.reset();
    damage.start(config.housekeepingInterval);
    group = CommitGroup();
    executor = std::move(newExecutor);
    anchor.enabled = config.readAnchor && config.poolSize > 1;
    anchor.staysForWrites = config.readAnchor;
    anchor.held = anchor.hot = false;
    anchor.connectionId = 0;
    anchor.restUntil = {};
    foreignWritesSeen = false;
    schema.reset();
    resetMetrics();
  }
  openPools.fetch_add(1);
  openPoolsGeneration.store(generation.load());
  holdsHandles.store(true);
}

void ConnectionPool::Core::openHandles(OpenReport& report) {
  const auto begin = [&] {
    openConnection(SlotTable::kWriter, config.openTimeout);
    settleSchema(report);
  };
  try {
    begin();
  } catch (const Error& error) {
    if (error.category() != ErrorCategory::Corruption || report.recovery.checked) throw;
    if (table[SlotTable::kWriter].connection != nullptr) closeHandle(SlotTable::kWriter);
    startUpDamaged(report);
    begin();
  }
  for (std::size_t slot = 1; slot < config.minPoolSize; ++slot) openConnection(slot, config.openTimeout);
  Connection::Impl& writer = table[SlotTable::kWriter].connection->impl();
  const SqliteLibrary& library = sqliteLibrary();
  report.journalMode = kJournalMode;
  report.pageSize = writer.profile.pageSize;
  report.connectionsOpened = config.minPoolSize;
  report.cacheBytesPerHandle = writer.profile.cacheBytes;
  report.sqliteVersion = library.version;
  report.sqliteSourceId = library.sourceId;
  report.walResetBug = library.walResetBug;
  if (config.durability == Durability::Off) {
    report.warnings.emplace_back("durability off: a power cut may lose data and damage the file");
  }
  content.start(path, config, report, *table[SlotTable::kWriter].connection, clock->now());
  settledPosts = 0;
  posts.reset({config.postBatch, config.groupMaxBytes, config.postDelay, config.postCapacity});
  longReads.open();
  scheduleBackups();
  startHousekeeper();
  observers.start(config.housekeeping == HousekeepingMode::Thread);
  const port::LockGuard guard(mutex);
  state = State::Open;
  table.lower(SlotTable::kClosed);
}

void ConnectionPool::Core::failOpening() noexcept {
  longReads.close();
  closeHandles();
  const port::LockGuard guard(mutex);
  executor.reset();  // It has no threads yet.
  state = State::Closed;
}

void ConnectionPool::Core::close(bool lastChance) {
  requireOwnProcess();
  std::string name;
  std::chrono::milliseconds patience{0};
  {
    const port::LockGuard guard(mutex);
    if (state == State::Closed) return;
    if (state != State::Open) throw Error(ErrorCode::Misuse, "close() while open() or another close() is under way");
    if (draining) throw Error(ErrorCode::Misuse, "close() while another close() is under way");
    if (!lastChance) refuseCloseByHolder();
    name = nameToClose(path, lastChance);
    draining = true;
  }
  if (!lastChance) noteHealthyStart(true);
  // From here on nothing fails for want of memory.
  finishBackgroundWork();
  {
    const port::LockGuard guard(mutex);
    draining = false;
    patience = config.closeTimeout;
    state = State::Closing;
    table.raise(SlotTable::kClosed);
    rejectWaiters();
  }
  stopHousekeeper();
  observers.stop();
  const std::string stillOut = awaitLeases();
  closeHandles();
  std::shared_ptr<Executor> ended;  // Goes after the lock is let go.
  {
    const port::LockGuard guard(mutex);
    ended.swap(executor);
    state = State::Closed;
  }
  publish(EventKind::Closed, 0, {name});
  if (stillOut.empty()) return;
  Error error(ErrorCode::Timeout, "closed, but leases are still out; their handles close when they are released");
  throw addFrameIfPossible(error,
                           [&] { return "waiting " + formatDuration(patience) + " for the leases of " + stillOut; });
}

void ConnectionPool::Core::finishAsyncCalls(Executor& threads) noexcept {
  constexpr std::chrono::milliseconds kLookAgain{20};
  // Then nobody else writes what they may be waiting for.
  const bool manual = config.housekeeping == HousekeepingMode::Manual;
  const SteadyTime deadline = std::chrono::steady_clock::now() + config.closeTimeout;
  bool late = false;
  while (!threads.finish(manual || late ? std::chrono::steady_clock::now() + kLookAgain : deadline)) {
    try {
      if (manual && !posts.empty()) tryFlush(std::chrono::steady_clock::now() + kLookAgain);
    } catch (const std::exception&) {
      // What is posted stays queued.
    }
    if (std::chrono::steady_clock::now() < deadline) continue;
    if (!std::exchange(late, true)) {
      threads.drop();
      const port::LockGuard guard(mutex);
      workersRefused = true;
      table.raise(SlotTable::kLongWay);  // Where this is looked at.
    }
    revokeLeasesOf(threads);
  }
  threads.stop(false);
}

void ConnectionPool::Core::revokeLeasesOf(const Executor& threads) noexcept {
  try {
    const std::vector<std::uint64_t> ids = threads.threadIds();
    for (const LeaseInfo& lease : leases()) {
      if (!lease.forced && std::find(ids.begin(), ids.end(), lease.thread) != ids.end()) forceCleanup(lease.leaseId);
    }
  } catch (const std::exception&) {
    // For want of memory: the next round tries again.
  }
}

void ConnectionPool::Core::finishBackgroundWork() noexcept {
  longReads.close();
  std::shared_ptr<Executor> threads;
  {
    const port::LockGuard guard(mutex);
    threads = executor;
  }
  finishAsyncCalls(*threads);
  posts.close();
  posts.joinThread();
  try {
    // Without memory it is put back each time: what waits for it then would keep the pool from ever being closed.
    for (int inVain = 0; !posts.empty() && inVain < kAttemptsInVain;) {
      const std::uint64_t before = settledPosts.load();
      flushOnce();
      inVain = settledPosts.load() != before ? 0 : inVain + 1;
    }
  } catch (const std::exception& failure) {
    log(LogLevel::Error, {"closing without all of the posted work: ", failure.what()});
  }
  posts.take();  // Their futures report PoolClosed.
}

bool ConnectionPool::Core::isOpen() const noexcept {
  if (!inOwnProcess()) return false;
  const port::LockGuard guard(mutex);
  return state == State::Open;
}

void ConnectionPool::Core::refuseCloseByHolder() {
  const std::uint64_t self = port::currentThreadId();
  if (housekeeper.isCurrent() || posts.isCurrentThread() || executor->isWorkerThread() || observers.isCurrentThread() ||
      longReads.isCurrentThread()) {
    throw Error(ErrorCode::Misuse, "close() on one of the pool's own threads, which it would wait for");
  }
  if (InsideTransaction::of(this)) throw Error(ErrorCode::Misuse, "close() inside of a transaction's callback");
  for (SlotSet rest = table.inUse(); !rest.empty(); rest.erase(rest.first())) {
    const LeaseRecord& lease = table[rest.first()].lease;
    if (lease.id() != 0 && lease.thread() == self) {
      throw Error(ErrorCode::Misuse, "close() by a thread that holds a lease itself; release it first");
    }
  }
}

bool ConnectionPool::Core::othersHoldLeases() const {
  const std::uint64_t self = port::currentThreadId();
  for (SlotSet rest = table.inUse(); !rest.empty(); rest.erase(rest.first())) {
    const LeaseRecord& lease = table[rest.first()].lease;
    if (lease.id() == 0 || lease.thread() != self) return true;
  }
  return false;
}

std::string ConnectionPool::Core::awaitLeases() noexcept {
  const auto deadline = std::chrono::steady_clock::now() + config.closeTimeout;
  {
    port::LockGuard guard(mutex);
    while (othersHoldLeases() && leaseEnded.waitUntil(guard, deadline)) {
    }
    if (!othersHoldLeases()) return {};
  }
  std::string names = namesOfHolders();
  for (SlotSet rest = table.inUse(); !rest.empty(); rest.erase(rest.first())) {
    std::shared_ptr<Connection> running;
    {
      const port::LockGuard guard(mutex);
      if (table.inUse().contains(rest.first())) running = table[rest.first()].connection;
    }
    if (running != nullptr) running->interrupt();
  }
  return names;
}

std::string ConnectionPool::Core::namesOfHolders() const noexcept {
  std::string names;
  try {
    for (const LeaseInfo& lease : leases()) {
      if (!names.empty()) names += ", ";
      names += "#" + std::to_string(lease.connectionId) + " by thread " + std::to_string(lease.thread);
    }
  } catch (const std::exception&) {
    names = "some";  // So short that it takes no memory.
  }
  if (names.empty()) names = "housekeeping";
  return names;
}

void ConnectionPool::Core::closeHandles() noexcept {
  bool alone = false;
  {
    const port::LockGuard guard(mutex);
    alone = table.inUse().empty();
    handlesClosed = true;
    orphans = table.inUse().size();
  }
  if (!table.inUse().contains(SlotTable::kWriter)) settleGroup();
  // The write handle last: it moves the log into the database, and no reader stands in its way then.
  while (std::shared_ptr<Connection> connection = takeFreeHandle()) {
    // The log beside a damaged database stays what it is, and tells the next start to look.
    const bool copies = connection->impl().profile.access == Access::Write && storage.state() != StorageState::Damaged;
    if (copies && alone) checkpointBeforeClose(*connection);
    retire(std::move(connection));
  }
  if (alone) leaveProcess();
}

std::shared_ptr<Connection> ConnectionPool::Core::takeFreeHandle() noexcept {
  const port::LockGuard guard(mutex);
  SlotSet free = table.open() - table.inUse();
  if (free.empty()) return nullptr;
  if (free.size() > 1) free.erase(SlotTable::kWriter);
  return table.takeConnection(free.first());
}

void ConnectionPool::Core::leaveProcess() noexcept {
  flash.stop(clock->now());
  ProcessMemory::instance().leave(this);
  yieldFile();
  openPools.fetch_sub(1);
  holdsHandles.store(false);
}

void ConnectionPool::Core::checkpointBeforeClose(Connection& writer) noexcept {
  try {
    dropAnchor(writer);
    content.stop(writer);
    noteCheckpoint(checkpointFully(writer, SteadyTime::max()), writer.id(), {});
    writer.impl().allowCheckpointOnClose();  // Nothing is left to copy: closing then only removes the log.
  } catch (const std::exception& failure) {
    log(LogLevel::Warning, {"the log stays beside the database: ", failure.what()});
  }
}

bool ConnectionPool::Core::abandon() noexcept {
  const port::LockGuard guard(mutex);
  abandoned = true;
  return table.inUse().empty();
}

}  // namespace holdfast
