// The rounds that keep the pool in shape: verdicts come from policy/pool_policy, this carries them out.

#include <utility>

#include "core/port/process.hpp"
#include "core/text.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {

void ConnectionPool::Core::startHousekeeper() {
  if (config.housekeeping == HousekeepingMode::Manual) return;
  {
    const port::LockGuard guard(mutex);
    housekeeperStop = false;
  }
  housekeeper = port::Thread("holdfast-pool", [this] {
    bool hurried = false;
    while (true) {
      {
        port::LockGuard guard(mutex);
        const auto next = std::chrono::steady_clock::now() + config.housekeepingInterval;
        // Not twice in a row: where the pool cannot look into it just now, time has to pass.
        bool due = !hurried && damage.isDue(clock->now());
        while (!housekeeperStop && !due && housekeeperWake.waitUntil(guard, next)) {
          due = damage.isDue(clock->now());
        }
        hurried = due;
        if (housekeeperStop) return;
      }
      try {
        if (isOpen()) tick();
      } catch (const std::exception& failure) {
        log(LogLevel::Error, {"housekeeping failed: ", failure.what()});
      }
    }
  });
}

void ConnectionPool::Core::stopHousekeeper() {
  {
    const port::LockGuard guard(mutex);
    housekeeperStop = true;
    housekeeperWake.notifyAll();
  }
  housekeeper.join();
}

void ConnectionPool::Core::tick() {
  requireOwnProcess();
  std::size_t slots = 0;
  {
    const port::LockGuard guard(mutex);
    requireOpen();
    slots = table.size();
  }
  lookAfterDamage();
  for (std::size_t slot = 0; slot < slots; ++slot) tickSlot(slot);
  if (config.housekeeping == HousekeepingMode::Manual) {
    if (posts.due()) flushOnce();
    observers.deliver();
  }
  ProcessMemory::calmDown();
  reviewSize();
  rebalanceCaches();
  readSignals();
  hub->trimCaches();
  memoryCheck(true);
  backupIfDue();
  noteHealthyStart(false);
  reviewLedger();
}

void ConnectionPool::Core::tickSlot(std::size_t slot) {
  Verdict verdict = Verdict::Keep;
  std::uint64_t leaseId = 0;
  {
    const port::LockGuard guard(mutex);
    // A listener may have closed the pool meanwhile, and opened it again with fewer slots.
    if (state != State::Open || slot >= table.size()) return;
    if (aloneThread != 0) return;  // What is closed for its sake stays closed.
    leaseId = table[slot].lease.id();
    if (table.inUse().contains(slot) && leaseId == 0) return;  // Being looked after already.
    verdict = judge(table.facts(slot), config, table.open().size(), clock->now());
    // Together with the verdict, so that two ticks at a time do not report one leak twice.
    if (verdict == Verdict::ReportLeak) table[slot].leakReported = leaseId;
    if (verdict == Verdict::Keep && leaseId == 0)
      verdict = Verdict::AdoptShares;  // Does nothing where they are the same.
  }
  switch (verdict) {
    case Verdict::Keep: return;
    case Verdict::ReportLeak: return reportLeak(leaseId);
    case Verdict::ForceBack: forceCleanup(leaseId); return;
    default: performVerdict(slot, verdict);
  }
}

void ConnectionPool::Core::performVerdict(std::size_t slot, Verdict verdict) {
  if (!takeForMaintenance(slot)) return;
  const bool isOpen = table[slot].connection != nullptr;
  try {
    if (verdict == Verdict::CloseIdle && isOpen) cleanupIdleConnection(slot);
    if (verdict == Verdict::AdoptShares && isOpen) adoptShares(slot);
    if (verdict == Verdict::AdoptShares) noteMemory(slot);
    if (slot == SlotTable::kWriter && isOpen) lookForForeignWrites(*table[slot].connection);
    if (verdict == Verdict::Renew && isOpen) renewConnection(slot, config.openTimeout);
    // Whether storage is well again only a handle that can write finds out.
    const bool proves = slot == SlotTable::kWriter && storage.state() != StorageState::Ok;
    const bool missing = !isOpen && (verdict == Verdict::Refill || (proves && clock->now() >= table[slot].retryAt));
    if (missing) openConnection(slot, config.openTimeout);
    if (slot == SlotTable::kWriter && table[slot].connection != nullptr) reviewStorage();
  } catch (const std::exception& failure) {
    log(LogLevel::Warning, {failure.what()});
  }
  endLease(slot);
}

void ConnectionPool::Core::reviewStorage() noexcept {
  Connection& writer = *table[SlotTable::kWriter].connection;
  storage.review(writer, clock->now());
  try {
    if (!writer.impl().broken && storage.state() == StorageState::Ok) content.review(writer, clock->now());
  } catch (const std::exception& failure) {
    log(LogLevel::Warning, {"the database could not be read in passing: ", failure.what()});
  }
  if (writer.impl().broken) recoverConnection(SlotTable::kWriter, "it is broken", config.openTimeout);
}

bool ConnectionPool::Core::takeForMaintenance(std::size_t slot) {
  if (!table.tryTake(slot)) return false;
  if (slot != SlotTable::kWriter) return true;
  settleGroup();  // Which may leave the slot without a handle.
  if (table[slot].connection != nullptr) dropAnchor(*table[slot].connection);
  return true;
}

void ConnectionPool::Core::reportLeak(std::uint64_t leaseId) {
  for (const LeaseInfo& lease : leases()) {
    if (lease.leaseId != leaseId) continue;
    counters.leaks.add();
    const std::string text = "lease " + std::to_string(leaseId) + " looks leaked: " + describe(lease);
    publish(EventKind::LeaseLeaked, lease.connectionId, {text});
    log(LogLevel::Warning, {text});
  }
}

}  // namespace holdfast
