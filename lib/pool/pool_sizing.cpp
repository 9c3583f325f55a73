// How many handles are open: more where waiting was measured, fewer where they are idle or memory is short.

#include <algorithm>

#include "pool/pool_core.hpp"

namespace holdfast {

bool ConnectionPool::Core::mayOpen(Access access) const noexcept {
  // A lane must have one at least, or nobody would ever be served there.
  return (table.open() & table.lane(access)).empty() || table.open().size() < sizeTarget;
}

bool ConnectionPool::Core::growFor(SteadyTime since) noexcept {
  if (sizeTarget >= table.size() || memoryStage.load(std::memory_order_relaxed) != MemoryStage::Normal) return false;
  if (std::chrono::steady_clock::now() - since < kGrowAfter) return false;
  sizeTarget = std::max(sizeTarget, table.open().size()) + 1;
  return true;
}

SizingFigures ConnectionPool::Core::sizingTotals() const {
  SizingFigures totals;
  for (std::size_t slot = 0; slot < table.size(); ++slot) totals.acquires += table[slot].acquires.value();
  totals.readWaits = readWaits;
  totals.acquireTimeouts = acquireTimeouts;
  totals.refusals = counters.refusals.value();
  totals.runsAlone = counters.alone.value();
  totals.peakBytes = ProcessMemory::usedBytes();
  totals.idleHandles = (table.open() - table.inUse()).size();
  totals.poolSize = table.size();
  totals.targetSize = sizeTarget;
  totals.memoryLimit = ProcessMemory::instance().limit();
  return totals;
}

void ConnectionPool::Core::reviewSize() {
  const port::LockGuard guard(mutex);
  const std::size_t open = table.open().size();
  sizing.addRound(sizingTotals(), (table.inUse() & table.open()).size(), open);
  // What was closed for idleness is opened again by waiting only.
  if (config.dynamicSizing) sizeTarget = std::clamp(open, config.minPoolSize, table.size());
}

SizingReport ConnectionPool::Core::recommendations() const {
  requireOwnProcess();
  SizingReport report;
  {
    const port::LockGuard guard(mutex);
    requireOpen();
    report.figures = sizing.figures(sizingTotals());
  }
  report.advice = adviseSizes(report.figures);
  return report;
}

}  // namespace holdfast
