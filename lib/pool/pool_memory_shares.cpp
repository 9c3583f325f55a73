// Page caches by need: shared out by housekeeping, taken up by each handle when it is leased next.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

/// Of a share, while memory is short.
std::int64_t reduced(std::int64_t share, MemoryStage stage) noexcept {
  if (isDoneAt(MemoryAction::SmallerPageCaches, stage)) share /= stage == MemoryStage::Critical ? 4 : 2;
  return std::max(share, kLeastCacheBytes);
}

}  // namespace

std::int64_t ConnectionPool::Core::cacheShareOf(std::size_t slot) const {
  if (config.cacheSize != 0) return config.cacheSize;
  const MemoryShares shares = ProcessMemory::instance().shares();
  const std::int64_t target = table[slot].cacheTarget.load(std::memory_order_relaxed);
  const MemoryStage stage = memoryStage.load(std::memory_order_relaxed);
  const std::int64_t share = shares.hardLimit == 0 || target == 0 ? shares.cachePerHandle : target;
  if (!HeavyStatements::lately()) return reduced(share, stage);
  // In proportion; as doubles, whose product cannot overflow.
  const double part = static_cast<double>(shares.cacheWhileHeavy) / static_cast<double>(shares.cachePerHandle);
  return reduced(static_cast<std::int64_t>(static_cast<double>(share) * part), stage);
}

void ConnectionPool::Core::rebalanceCaches() {
  std::array<CacheWish, SlotTable::kMaxSlots> wishes{};
  std::array<std::int64_t, SlotTable::kMaxSlots> result{};
  std::array<std::size_t, SlotTable::kMaxSlots> slots{};
  const MemoryShares shares = ProcessMemory::instance().shares();
  bool changed = false;
  {
    const port::LockGuard guard(mutex);
    if (config.cacheSize != 0 || shares.hardLimit == 0) return;
    std::size_t count = 0;
    std::int64_t total = shares.cachePerHandle * static_cast<std::int64_t>(table.size());
    for (std::size_t slot = 0; slot < table.size(); ++slot) {
      Slot& entry = table[slot];
      const std::uint64_t acquires = entry.acquires.value();
      const std::uint64_t uses = acquires - std::exchange(entry.acquiresSeen, acquires);
      const std::int64_t target = entry.cacheTarget.load(std::memory_order_relaxed);
      if (!table.open().contains(slot)) {
        entry.cacheTarget.store(kLeastCacheBytes, std::memory_order_relaxed);
        total -= kLeastCacheBytes;
        continue;
      }
      wishes[count] = {
          slot == SlotTable::kWriter, uses,
          std::max(target != 0 ? target : shares.cachePerHandle, entry.cacheBytes.load(std::memory_order_relaxed))};
      slots[count++] = slot;
    }
    shareCaches(std::span(wishes).first(count), total, result);
    for (std::size_t i = 0; i < count; ++i) {
      // Small differences are not worth a change.
      if (std::abs(result[i] - wishes[i].applied) < wishes[i].applied / 4) continue;
      table[slots[i]].cacheTarget.store(result[i], std::memory_order_relaxed);
      changed = true;
    }
  }
  if (changed) ProcessMemory::changeShares();
}

}  // namespace holdfast
