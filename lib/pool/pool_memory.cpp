// What the pool does when memory runs short: the stage that its sources ask for, and the actions of that stage.

#include <algorithm>

#include "connection/sqlite_library.hpp"
#include "core/port/memory_signals.hpp"
#include "core/port/process.hpp"
#include "core/port/thread.hpp"
#include "core/text.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {

MemoryStage ConnectionPool::Core::memoryCheck(bool inRounds) {
  const std::int64_t limit = ProcessMemory::instance().usableBytes();
  const MemoryStage before = memoryStage.load(std::memory_order_relaxed);
  if (limit == 0 && before == MemoryStage::Normal && !watch.isAsked()) return before;
  const MemoryStage heap = memoryStageOf(ProcessMemory::usedBytes(), limit, watch.heap());
  MemoryStage stage = watch.setHeap(heap);
  if ((stage == MemoryStage::Normal && before == MemoryStage::Normal) || !isOpen()) return MemoryStage::Normal;
  Relief relief;
  // What others than the heap ask for is done when they begin to, and by housekeeping: it does not change by the call.
  if (stage != MemoryStage::Normal && (heap != MemoryStage::Normal || stage > before || inRounds)) {
    relief = relieveMemory(stage, stage == MemoryStage::Critical);
    stage = watch.setHeap(memoryStageOf(ProcessMemory::usedBytes(), limit, heap));
  }
  enterStage(stage, relief);
  return stage;
}

void ConnectionPool::Core::enterStage(MemoryStage stage, const Relief& relief) {
  const MemoryStage last = memoryStage.exchange(stage);
  if (stage == last) return;
  ProcessMemory::changeShares();
  if (stage > last) {
    std::string reasons;
    const StageDemands demands = watch.demands();
    for (std::size_t i = 0; i < StageDemands::kSources; ++i) {
      const auto source = static_cast<MemorySource>(i);
      if (demands.of(source) == stage) reasons.append(reasons.empty() ? "" : ", ").append(toText(source));
    }
    publish(EventKind::MemoryPressure, 0,
            {"memory is ", toText(stage), " (", reasons, "): caches of ", std::to_string(relief.cachesReleased),
             " idle handles released, ", std::to_string(relief.handlesClosed), " closed; ", contextText()});
  }
  for (const MemoryAction action : actionsOf(stage)) {
    const bool idle = action == MemoryAction::RefuseTransactions && !watch.refusesTransactions();
    if (!isDoneAt(action, last) && !idle) publish(EventKind::MemoryAction, 0, {toText(action)});
  }
  for (const MemoryAction action : actionsOf(last)) {
    if (lasts(action) && !isDoneAt(action, stage)) publish(EventKind::MemoryAction, 0, {toText(action), " undone"});
  }
  if (stage == MemoryStage::Normal) publish(EventKind::MemoryNormal, 0, {contextText()});
}

void ConnectionPool::Core::readSignals() {
  if (!config.memorySignals && config.residentLimit == 0) return;
  MemorySignals signals = port::readMemorySignals(config.memorySignalsRoot);
  if (!config.memorySignals) {
    signals.cgroup = {};
    signals.stall = {};
  }
  watch.setSignals(signals, config.residentLimit);
}

void ConnectionPool::Core::reportMemoryPressure(MemoryStage stage) {
  requireOwnProcess();
  {
    const port::LockGuard guard(mutex);
    requireOpen();
  }
  watch.setApplication(stage);
  memoryCheck();
}

void ConnectionPool::Core::checkResourceLimits(Priority priority, std::optional<std::chrono::milliseconds> timeout) {
  if (memoryCheck() != MemoryStage::Critical || priority == Priority::Control || !watch.refusesTransactions()) return;
  if (memoryComesBack(timeout)) return;
  counters.refusals.add();
  throw Error(ErrorCode::MemoryLimit, "no new transaction while memory is critical")
      .setContext(contextText(ErrorCode::MemoryLimit));
}

bool ConnectionPool::Core::memoryComesBack(std::optional<std::chrono::milliseconds> timeout) {
  constexpr std::chrono::milliseconds kLookAgain{1};
  constexpr std::chrono::milliseconds kLongSpan{400};
  const auto mayWait = [this, self = port::currentThreadId()](bool& othersAtWork) {
    const port::LockGuard guard(mutex);
    othersAtWork = !table.inUse().empty();
    return watch.heap() == MemoryStage::Critical && !holdsLease(self) && !InsideTransaction::of(this);
  };
  const auto isBack = [this] { return memoryCheck() != MemoryStage::Critical || !watch.refusesTransactions(); };
  const std::int64_t limit = ProcessMemory::instance().usableBytes();
  const std::chrono::milliseconds patience =
      std::min<std::chrono::milliseconds>(timeout.value_or(config.acquireTimeout), kLongestWait);
  SteadyTime now = std::chrono::steady_clock::now();
  const SteadyTime deadline = now + patience;
  // Who only looks may never meet the moment while others take in turns what comes back: so they are waited for. New
  // ones are held up meanwhile: not for long, unless that did not do; then until the deadline, before it is refused.
  SteadyTime aloneFrom = now + patience / 4;
  std::chrono::milliseconds span{100};
  for (bool othersAtWork = true; now < deadline && mayWait(othersAtWork); now = std::chrono::steady_clock::now()) {
    const bool isTime = now >= aloneFrom;
    if (isTime || !othersAtWork) {
      // With nobody else at work what is critical then stays so.
      if (const Alone alone(*this, std::min(deadline, now + span), false); alone) return isBack();
    }
    if (isTime) {
      aloneFrom = now + span + std::chrono::milliseconds{100};
      span = span < kLongSpan ? span * 4 : patience;
    }
    port::sleepFor(kLookAgain);
    const bool isCritical =
        memoryStageOf(ProcessMemory::usedBytes(), limit, MemoryStage::Critical) == MemoryStage::Critical;
    if (!isCritical && isBack()) return true;
  }
  return isBack();
}

ConnectionPool::Core::Relief ConnectionPool::Core::relieveMemory(MemoryStage stage, bool closeHandles) noexcept {
  Relief relief;
  counters.reliefs.add();
  if (stage == MemoryStage::Critical) releasePagesOfOthers();
  const bool statementsToo = isDoneAt(MemoryAction::ShrinkStatementCaches, stage);
  hub->shrinkCaches(stage == MemoryStage::Critical);
  for (std::size_t slot = 0; slot < table.size(); ++slot) {
    if (!takeForMaintenance(slot)) continue;
    const bool spare = slot != SlotTable::kWriter && table.open().size() > config.minPoolSize;
    if (table[slot].connection != nullptr) {
      Connection::Impl& impl = table[slot].connection->impl();
      if (closeHandles && spare) {
        cleanupIdleConnection(slot);
        ++relief.handlesClosed;
      } else {
        statementsToo ? impl.releaseMemory() : impl.releasePages();
        ++relief.cachesReleased;
      }
    }
    endLease(slot);
  }
  return relief;
}

}  // namespace holdfast
