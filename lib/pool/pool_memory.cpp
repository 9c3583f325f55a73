// What the pool does when SQLite's heap runs short: caches first, then idle handles, then no new work.

#include "connection/sqlite_library.hpp"
#include "core/text.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {

MemoryStage ConnectionPool::Core::memoryCheck() {
  const std::int64_t limit = ProcessMemory::instance().limit();
  if (limit == 0) return MemoryStage::Normal;
  const MemoryStage before = memoryStage.load(std::memory_order_relaxed);
  MemoryStage stage = memoryStageOf(sqlite_memory::usedBytes(), limit, before);
  if (stage == MemoryStage::Normal && before == MemoryStage::Normal) return stage;
  if (stage != MemoryStage::Normal) {
    relieveMemory(stage == MemoryStage::Critical);
    stage = memoryStageOf(sqlite_memory::usedBytes(), limit, stage);
  }
  if (memoryStage.exchange(stage) == stage) return stage;
  publish(stage == MemoryStage::Normal ? EventKind::MemoryNormal : EventKind::MemoryPressure, 0,
          {"memory is ", toText(stage), ": ", contextText()});
  return stage;
}

void ConnectionPool::Core::checkResourceLimits() {
  if (memoryCheck() != MemoryStage::Critical) return;
  counters.refusals.add();
  throw Error(ErrorCode::MemoryLimit, "no new transaction while memory is critical").setContext(contextText());
}

void ConnectionPool::Core::relieveMemory(bool closeHandles) noexcept {
  counters.reliefs.add();
  std::size_t slots = 0;
  {
    const port::LockGuard guard(mutex);
    slots = table.size();
  }
  for (std::size_t slot = 0; slot < slots; ++slot) {
    if (!takeForMaintenance(slot)) continue;
    bool spare = false;
    {
      const port::LockGuard guard(mutex);
      spare = slot != SlotTable::kWriter && table.open().size() > config.minPoolSize;
    }
    if (table[slot].connection != nullptr) {
      if (closeHandles && spare) {
        cleanupIdleConnection(slot);
      } else {
        table[slot].connection->impl().releaseMemory();
      }
    }
    endLease(slot);
  }
}

}  // namespace holdfast
