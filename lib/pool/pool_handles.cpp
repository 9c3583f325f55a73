// Opening, renewing, replacing and closing handles. The caller has the slot.

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/port/files.hpp"
#include "core/port/process.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {

namespace {

void noteOpenError(Slot& slot, const Error& error) noexcept {
  try {
    slot.openError = error.what();
  } catch (const std::bad_alloc&) {
    slot.openError.clear();  // What was met before is not the reason any more.
  }
}

}  // namespace

ConnectionProfile ConnectionPool::Core::profileOf(std::size_t slot, std::chrono::milliseconds openTimeout) {
  const MemoryShares shares = ProcessMemory::instance().shares();
  ConnectionProfile profile;
  profile.path = path;
  profile.access = slot == SlotTable::kWriter ? Access::Write : Access::Read;
  profile.durability = config.durability;
  profile.busyTimeout = config.busyTimeout;
  profile.openTimeout = openTimeout;
  profile.foreignKeys = config.foreignKeys;
  profile.tempStore = config.tempStore;
  profile.cacheBytes = cacheShareOf(slot);
  profile.statementCacheEntries = config.statementCacheEntries;
  profile.statementCacheBytes =
      config.statementCacheBytes != 0 ? config.statementCacheBytes : shares.statementsPerHandle;
  // While the medium takes no writes reads are to go on. What open() finds so is refused.
  profile.mayBeReadOnly = isOpen() && (slot != SlotTable::kWriter || config.poolSize == 1);
  profile.readsOnly = damage.isLeftAlone();
  if (slot == SlotTable::kWriter) profile.readOnlyBecause = schema.readOnlyBecause;
  profile.triggersAndViews = config.triggersAndViews;
  profile.vfs = flash.vfs();
  profile.changes = &changes;
  return profile;
}

std::shared_ptr<Connection> ConnectionPool::Core::makeConnection(std::size_t slot,
                                                                 std::chrono::milliseconds openTimeout) {
  requireSameFile();
  const std::uint64_t id = lastConnectionId.fetch_add(1, std::memory_order_relaxed) + 1;
  auto impl = std::make_unique<Connection::Impl>(id, profileOf(slot, openTimeout), counters.queryLatency);
  counters.created.add();
  return std::make_shared<Connection>(std::move(impl));
}

void ConnectionPool::Core::requireSameFile() const {
  const port::FileFacts facts = port::fileFacts(path);
  if (facts.device == device && facts.inode == inode) {
    // With a log there is a first page from the beginning; SQLite would begin the database anew.
    if (!kHasThreads || facts.sizeBytes > 1 || port::fileFacts(path + "-wal").sizeBytes > 0 || !isOpen()) return;
    throw Error(ErrorCode::Corrupt, "the database file was emptied while it was open");
  }
  const bool missing = facts.kind == port::FileKind::Missing;
  throw Error(ErrorCode::CannotOpen,
              missing ? "the database file was deleted while it was open"
                      : "another file lies where the database was: close() first, then put a file in its place",
              0, ENOENT);
}

void ConnectionPool::Core::openConnection(std::size_t slot, std::chrono::milliseconds openTimeout) {
  try {
    const std::uint32_t shares = ProcessMemory::generation();
    std::shared_ptr<Connection> connection = makeConnection(slot, openTimeout);
    const std::uint64_t id = connection->id();
    if (slot == SlotTable::kWriter) {
      // Until the first commit says it, the log may be as long as its file.
      Connection::Impl& impl = connection->impl();
      impl.walPages.store(static_cast<int>(port::fileFacts(path + "-wal").sizeBytes / impl.frameBytes()),
                          std::memory_order_relaxed);
    }
    {
      const port::LockGuard guard(mutex);
      const Clock::TimePoint now = clock->now();
      const Clock::TimePoint renewAt = renewalTime(now, config.maxConnectionAge, port::randomUnit());
      table.setConnection(slot, std::move(connection), now, renewAt);
      table[slot].freshUntil = std::min(renewAt, now + config.verifyAfter);
      table[slot].sharesGeneration = shares;
      table[slot].cacheBytes.store(table[slot].connection->impl().profile.cacheBytes, std::memory_order_relaxed);
    }
    if (slot == SlotTable::kWriter) {
      const Connection::Impl& writer = table[slot].connection->impl();
      changes.attach(writer.handle, kHasThreads && !writer.profile.readsOnly);  // Which keeps the journal it has.
    }
    publish(EventKind::ConnectionCreated, id, {slot == SlotTable::kWriter ? "write handle" : "read handle"});
  } catch (Error& error) {
    counters.connectionErrors.add();
    storage.note(error);
    {
      const port::LockGuard guard(mutex);
      Slot& entry = table[slot];
      noteOpenError(entry, error);
      // Memory is there again as soon as somebody has given it back: a pause would only refuse calls that can be served.
      const bool shortOfMemory = error.code() == ErrorCode::MemoryLimit;
      entry.retryAt = clock->now();
      if (!shortOfMemory)
        entry.retryAt += openRetryPause(config.openRetryDelay, ++entry.openFailures, config.acquireTimeout);
    }
    publish(EventKind::OpenFailed, 0, {error.what()});
    error.addFrame(slot == SlotTable::kWriter ? "opening a write handle" : "opening a read handle");
    throw;
  }
}

// With a log the new handle is opened first: closing the last one on a file would checkpoint and delete the log. Without
// one the old handle goes first. A new handle does not know yet that the journal is kept, and deletes one that it plays
// back or finds beside an empty database, which the old handle has open; and memory may be too short for two.
std::shared_ptr<Connection> ConnectionPool::Core::makeWay(std::size_t slot) noexcept {
  if (kHasThreads) return table[slot].connection;
  closeHandle(slot);
  return nullptr;
}

void ConnectionPool::Core::closeHandle(std::size_t slot) noexcept {
  std::shared_ptr<Connection> connection;
  {
    const port::LockGuard guard(mutex);
    connection = table.takeConnection(slot);
  }
  forgetMemory(slot);
  retire(std::move(connection));
}

bool ConnectionPool::Core::renewConnection(std::size_t slot, std::chrono::milliseconds openTimeout) noexcept {
  if (renewing.exchange(true)) return false;
  const std::string number = std::to_string(table[slot].connection->id());
  std::shared_ptr<Connection> old = makeWay(slot);
  try {
    openConnection(slot, openTimeout);
    counters.renewed.add();
    publish(EventKind::ConnectionRenewed, table[slot].connection->id(), {"in place of #", number});
    if (old != nullptr) retire(std::move(old));
  } catch (const std::exception& failure) {
    log(LogLevel::Warning, {old != nullptr ? "an aged handle stays" : "an aged handle is closed",
                            ", a new one cannot be opened: ", failure.what()});
    const port::LockGuard guard(mutex);
    table[slot].renewAt =
        clock->now() + openRetryPause(config.openRetryDelay, table[slot].openFailures, config.acquireTimeout);
  }
  renewing = false;
  return true;
}

void ConnectionPool::Core::recoverConnection(std::size_t slot, std::string_view reason,
                                             std::chrono::milliseconds openTimeout) noexcept {
  const auto start = std::chrono::steady_clock::now();
  const std::string number = "#" + std::to_string(table[slot].connection->id());
  log(LogLevel::Warning, {"connection ", number, " is replaced: ", reason});
  std::shared_ptr<Connection> broken = makeWay(slot);
  try {
    openConnection(slot, openTimeout);
    counters.recovered.add();
    counters.recoveryLatency.record(std::chrono::steady_clock::now() - start);
    publish(EventKind::ConnectionRecovered, table[slot].connection->id(), {"in place of ", number, ": ", reason});
  } catch (const std::exception& failure) {
    log(LogLevel::Error, {"connection ", number, " could not be replaced: ", failure.what()});
    const port::LockGuard guard(mutex);
    table.takeConnection(slot);
    forgetMemory(slot);
  }
  if (broken != nullptr) retire(std::move(broken));
}

bool ConnectionPool::Core::verifyConnection(std::size_t slot, std::string& reason) noexcept {
  counters.verifications.add();
  const bool sound = table[slot].connection->impl().verify(reason);
  if (!sound) counters.connectionErrors.add();
  return sound;
}

void ConnectionPool::Core::cleanupIdleConnection(std::size_t slot) noexcept {
  if (table[slot].connection == nullptr) return;
  counters.idledOut.add();
  closeHandle(slot);
}

void ConnectionPool::Core::adoptShares(std::size_t slot) noexcept {
  Slot& entry = table[slot];
  const std::uint32_t current = ProcessMemory::generation();
  if (entry.sharesGeneration == current) return;
  const MemoryShares shares = ProcessMemory::instance().shares();
  const sqlite_memory::HeapReserve reserve;  // It is mostly in order to give memory back.
  try {
    const std::int64_t bytes = cacheShareOf(slot);
    if (entry.cacheBytes.load(std::memory_order_relaxed) != bytes) {
      entry.connection->impl().setCacheBytes(bytes);
      entry.cacheBytes.store(bytes, std::memory_order_relaxed);
    }
    if (config.statementCacheBytes == 0) entry.connection->impl().statements.setMaxBytes(shares.statementsPerHandle);
  } catch (const std::exception& failure) {
    log(LogLevel::Warning, {"a cache keeps its old size: ", failure.what()});
  }
  entry.sharesGeneration = current;
}

void ConnectionPool::Core::retire(std::shared_ptr<Connection> connection) noexcept {
  const Connection::Impl& impl = connection->impl();
  const std::uint64_t id = impl.id;
  counters.pastQueries.add(impl.queries.value());
  counters.pastFailures.add(impl.failures.value());
  counters.pastHits.add(impl.statements.hits.value());
  counters.pastMisses.add(impl.statements.misses.value());
  counters.pastEvictions.add(impl.statements.evictions.value());
  counters.pastCommitted.add(impl.committed.value());
  counters.pastRolledBack.add(impl.rolledBack.value());
  counters.pastPayload.add(impl.payloadBytes.value());
  counters.pastLoggedBytes.add(impl.loggedPages.value() * static_cast<std::uint64_t>(impl.frameBytes()));
  changes.detach(impl.handle);
  connection.reset();
  counters.destroyed.add();
  publish(EventKind::ConnectionDestroyed, id, {});
}

}  // namespace holdfast
