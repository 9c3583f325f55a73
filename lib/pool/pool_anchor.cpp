// Reads without lock traffic: see ReadAnchor. Everything here is done by the owner of the slot in question.

#include "pool/pool_core.hpp"

namespace holdfast {

void ConnectionPool::Core::noteRead(std::size_t slot) noexcept {
  if (!anchor.enabled.load(std::memory_order_relaxed)) return;
  Slot& entry = table[slot];
  const std::uint32_t epoch = anchor.epoch.load(std::memory_order_relaxed);
  if (entry.readsEpoch != epoch) entry.reads = 0;
  entry.readsEpoch = epoch;
  ++entry.reads;
  if (entry.reads == ReadAnchor::kHotReads) anchor.hot.store(true, std::memory_order_relaxed);
  if (entry.reads % ReadAnchor::kColdReads != 0 || anchor.held.load(std::memory_order_relaxed)) return;
  if (haveManyReaders()) return;
  if (!table.tryTake(SlotTable::kWriter)) return;  // Somebody writes, and sees to it afterwards.
  if (table[SlotTable::kWriter].connection != nullptr && group.empty()) {
    takeAnchor(*table[SlotTable::kWriter].connection);
  }
  endLease(SlotTable::kWriter);
}

bool ConnectionPool::Core::haveManyReaders() const noexcept {
  return (table.inUse() & table.lane(Access::Read)).size() >= ReadAnchor::kManyReaders;
}

void ConnectionPool::Core::refreshAnchor() noexcept {
  anchor.epoch.fetch_add(1, std::memory_order_relaxed);
  if (!anchor.hot.load(std::memory_order_relaxed)) return;
  anchor.hot.store(false, std::memory_order_relaxed);
  // With others in line the next write is about to begin.
  if (table.has(SlotTable::kWritersWait) || table.has(SlotTable::kClosed) || haveManyReaders()) return;
  if (table[SlotTable::kWriter].connection != nullptr) takeAnchor(*table[SlotTable::kWriter].connection);
}

void ConnectionPool::Core::takeAnchor(Connection& writer) noexcept {
  if (anchor.held.load(std::memory_order_relaxed) || !takeView(writer)) return;
  anchor.held.store(true, std::memory_order_relaxed);
  counters.anchors.add();
}

bool ConnectionPool::Core::takeView(Connection& writer) noexcept {
  if (clock->now() < anchor.restUntil) return false;
  const std::int64_t version = writer.impl().view.take(writer.impl().handle);
  if (version == 0) return false;
  changes.lookForForeignCommits();
  if (foreignWriteSeen(writer, version)) writer.impl().dropView();
  return writer.impl().view.isKept();
}

void ConnectionPool::Core::settleAnchor(Connection& writer, const Wish& wish) noexcept {
  const bool interrupted = writer.impl().takeInterrupt();
  if (!anchor.staysForWrites || !wish.keepsView || interrupted) return dropAnchor(writer);
  anchor.held.store(false, std::memory_order_relaxed);
  if (group.empty() && !writer.impl().view.isKept()) takeView(writer);
}

bool ConnectionPool::Core::foreignWriteSeen(const Connection& writer, std::int64_t version) noexcept {
  // The version changes for a handle when somebody else commits (all of the pool's own writes are this handle's), and
  // where its cache was emptied for want of memory; the log's index counts commits only.
  const std::uint64_t commits = changes.foreignCommits();
  const bool foreign = anchor.connectionId == writer.id() && anchor.dataVersion != version &&
                       (commits == 0 || commits != anchor.foreignCommits);
  if (anchor.connectionId != writer.id() || anchor.dataVersion != version) anchor.foreignCommits = commits;
  anchor.connectionId = writer.id();
  anchor.dataVersion = version;
  if (!foreign) return false;
  anchor.restUntil = clock->now() + ReadAnchor::kRestAfterForeignWrite;
  noteForeignWrites();
  return true;
}

void ConnectionPool::Core::lookForForeignWrites(Connection& writer) noexcept {
  const std::int64_t version = writer.impl().view.take(writer.impl().handle);
  if (version == 0) return;
  writer.impl().dropView();
  changes.lookForForeignCommits();
  foreignWriteSeen(writer, version);
}

void ConnectionPool::Core::dropAnchor(Connection& writer) noexcept {
  anchor.held.store(false, std::memory_order_relaxed);
  writer.impl().dropView();
}

}  // namespace holdfast
