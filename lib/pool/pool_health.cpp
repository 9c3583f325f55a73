// The health check: what can be read is read, and what could be written is found out without wearing the medium.

#include <algorithm>

#include "connection/sqlite_library.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {

HealthReport ConnectionPool::Core::checkHealth(std::chrono::milliseconds timeout) {
  requireOwnProcess();
  const SteadyTime start = std::chrono::steady_clock::now();
  const SteadyTime deadline = start + std::clamp<std::chrono::milliseconds>(timeout, {}, kLongestWait);
  std::size_t slots = 0;
  {
    const port::LockGuard guard(mutex);
    requireOpen();
    slots = table.size();
  }
  HealthReport report;
  const SqliteLibrary& library = sqliteLibrary();
  report.sqliteVersion = library.version;
  report.sqliteSourceId = library.sourceId;
  report.walResetBug = library.walResetBug;
  report.compileOptions = library.compileOptions;
  report.notes = library.notes;
  for (std::size_t slot = 0; slot < slots; ++slot) {
    // The write handle, which comes first, is looked at in any case.
    if (slot != SlotTable::kWriter && std::chrono::steady_clock::now() >= deadline) {
      ++report.connectionsSkipped;
      continue;
    }
    if (!takeForMaintenance(slot)) {
      ++report.connectionsBusy;
      if (slot == SlotTable::kWriter) checkBusyWriter(deadline, report);
      continue;
    }
    try {
      checkSlot(slot, deadline, report);
    } catch (...) {
      endLease(slot);
      throw;
    }
    endLease(slot);
  }
  if (report.connectionsSkipped > 0) report.problems.emplace_back("the time was over before each handle was checked");
  report.memoryStage = memoryCheck();
  if (report.memoryStage == MemoryStage::Critical) report.problems.emplace_back("memory is critical");
  storage.describe(report, clock->now());
  report.recovery = damage.lastRecovery();
  if (report.storageState != StorageState::Ok && report.problems.empty()) {
    report.problems.push_back("storage is " + std::string(toText(report.storageState)) + ": " + report.storageReason);
  }
  report.healthy = report.problems.empty();
  report.duration = std::chrono::steady_clock::now() - start;
  return report;
}

void ConnectionPool::Core::checkSlot(std::size_t slot, SteadyTime deadline, HealthReport& report) {
  const auto patience = std::min(config.openTimeout, timeLeft(deadline));
  if (table[slot].connection == nullptr) {
    if (slot != SlotTable::kWriter) return;
    try {
      openConnection(slot, patience);
    } catch (const Error& error) {
      report.problems.emplace_back(error.what());
      return;
    }
  }
  ++report.connectionsChecked;
  Connection::Impl& impl = table[slot].connection->impl();
  impl.setLimits({.lockDeadline = deadline});
  std::string reason;
  const bool sound = verifyConnection(slot, reason);
  if (!sound) {
    report.problems.push_back("connection #" + std::to_string(table[slot].connection->id()) + ": " + reason);
  } else if (slot == SlotTable::kWriter) {
    checkWriter(*table[slot].connection, report);
  }
  impl.clearLimits();
  if (sound && !impl.broken) return;
  recoverConnection(slot, sound ? "it broke while it was checked" : reason, patience);
  if (table[slot].connection != nullptr) ++report.connectionsReplaced;
}

// In line with those who write.
void ConnectionPool::Core::checkBusyWriter(SteadyTime deadline, HealthReport& report) {
  try {
    const PooledConnection lease = acquire({.timeout = timeLeft(deadline),
                                            .holder = {Place::here(), nullptr, true, port::currentThreadId()},
                                            .quietly = true,
                                            .priority = Priority::Control});
    if (!lease) {
      report.problems.emplace_back("the write handle was in use for all of the time");
      return;
    }
    lease->impl().setLimits({.lockDeadline = deadline});
    checkWriter(*lease, report);
  } catch (const Error& error) {
    // Who holds the write handle itself asks for nothing that it does not know.
    if (error.code() != ErrorCode::Misuse) report.problems.emplace_back(error.what());
  }
}

void ConnectionPool::Core::checkWriter(Connection& writer, HealthReport& report) {
  Connection::Impl& impl = writer.impl();
  try {
    storage.admit(writer, false);
    if (storage.isProofDue(writer, clock->now(), config.writeProofInterval)) {
      impl.overwriteFailedCommit();
      storage.noteWritten();
      storage.isProofDue(writer, clock->now(), config.writeProofInterval);  // It takes the commit down.
      report.wrotePage = true;
    } else {
      impl.beginImmediate();
      impl.rollback();
    }
    report.writable = true;
  } catch (const Error& error) {
    report.problems.emplace_back(error.what());
  }
  storage.noteTrouble(writer);
}

}  // namespace holdfast
