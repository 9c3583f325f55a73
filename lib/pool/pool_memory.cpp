// What the pool does when SQLite's heap runs short: caches first, then idle handles, then no new work.

#include <algorithm>

#include "connection/sqlite_library.hpp"
#include "core/port/process.hpp"
#include "core/port/thread.hpp"
#include "core/text.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {

MemoryStage ConnectionPool::Core::memoryCheck() {
  const std::int64_t limit = ProcessMemory::instance().limit();
  const MemoryStage before = memoryStage.load(std::memory_order_relaxed);
  if (limit == 0 && before == MemoryStage::Normal) return before;
  MemoryStage stage = memoryStageOf(ProcessMemory::usedBytes(), limit, before);
  if ((stage == MemoryStage::Normal && before == MemoryStage::Normal) || !isOpen()) return MemoryStage::Normal;
  Relief relief;
  if (stage != MemoryStage::Normal) {
    relief = relieveMemory(stage == MemoryStage::Critical);
    stage = memoryStageOf(ProcessMemory::usedBytes(), limit, stage);
  }
  const MemoryStage last = memoryStage.exchange(stage);
  if (stage > last) {
    publish(EventKind::MemoryPressure, 0,
            {"memory is ", toText(stage), ": caches of ", std::to_string(relief.cachesReleased),
             " idle handles released, ", std::to_string(relief.handlesClosed), " closed; ", contextText()});
  } else if (stage == MemoryStage::Normal && last != MemoryStage::Normal) {
    publish(EventKind::MemoryNormal, 0, {contextText()});
  }
  return stage;
}

void ConnectionPool::Core::checkResourceLimits(Priority priority, std::optional<std::chrono::milliseconds> timeout) {
  if (memoryCheck() != MemoryStage::Critical || priority == Priority::Control) return;
  if (memoryComesBack(timeout)) return;
  counters.refusals.add();
  throw Error(ErrorCode::MemoryLimit, "no new transaction while memory is critical")
      .setContext(contextText(ErrorCode::MemoryLimit));
}

bool ConnectionPool::Core::memoryComesBack(std::optional<std::chrono::milliseconds> timeout) {
  constexpr std::chrono::milliseconds kLookAgain{1};
  const auto othersWork = [this, self = port::currentThreadId()] {
    const port::LockGuard guard(mutex);
    return !table.inUse().empty() && !holdsLease(self);
  };
  const SteadyTime deadline =
      std::chrono::steady_clock::now() +
      std::min<std::chrono::milliseconds>(timeout.value_or(config.acquireTimeout), kLongestWait);
  while (othersWork() && std::chrono::steady_clock::now() < deadline) {
    port::sleepFor(kLookAgain);
    const std::int64_t limit = ProcessMemory::instance().limit();
    if (memoryStageOf(ProcessMemory::usedBytes(), limit, MemoryStage::Critical) != MemoryStage::Critical) return true;
  }
  return memoryCheck() != MemoryStage::Critical;
}

ConnectionPool::Core::Relief ConnectionPool::Core::relieveMemory(bool closeHandles) noexcept {
  Relief relief;
  counters.reliefs.add();
  hub->shrinkCaches(closeHandles);
  for (std::size_t slot = 0; slot < table.size(); ++slot) {
    if (!takeForMaintenance(slot)) continue;
    const bool spare = slot != SlotTable::kWriter && table.open().size() > config.minPoolSize;
    if (table[slot].connection != nullptr) {
      if (closeHandles && spare) {
        cleanupIdleConnection(slot);
        ++relief.handlesClosed;
      } else {
        table[slot].connection->impl().releaseMemory();
        ++relief.cachesReleased;
      }
    }
    endLease(slot);
  }
  return relief;
}

}  // namespace holdfast
