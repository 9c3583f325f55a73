#include "policy/memory_budget.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <holdfast/units.hpp>

namespace holdfast {
namespace {

constexpr std::int64_t kUnlimitedCache = 512 * KiB;
constexpr std::int64_t kUnlimitedStatements = 256 * KiB;
constexpr std::int64_t kLeastStatements = 8 * KiB;

/// The write handle's cache is never emptied by others' commits, and every commit goes through it.
double weightOf(const CacheWish& wish) noexcept {
  const double weight = std::sqrt(static_cast<double>(wish.uses));
  return wish.isWriter ? 2 * weight : weight;
}

}  // namespace

std::int64_t sortBytes(std::int64_t limit) noexcept {
  return limit == 0 ? 192 * KiB : std::clamp(limit / 8 * 3, 64 * KiB, 192 * KiB);
}

std::int64_t heapReserve(std::int64_t limit) noexcept { return limit / 16; }

std::int64_t cachedRowBytes(std::int64_t limit) noexcept { return limit / 8; }

std::int64_t queuedBytes(std::int64_t limit) noexcept {
  return limit == 0 ? std::numeric_limits<std::int64_t>::max() : limit / 8;
}

MemoryShares divideMemory(std::int64_t limit, std::size_t handles) noexcept {
  if (limit == 0) {
    return {.cachePerHandle = kUnlimitedCache,
            .cacheWhileHeavy = kUnlimitedCache,
            .statementsPerHandle = kUnlimitedStatements};
  }
  const auto sharers = static_cast<std::int64_t>(std::max<std::size_t>(handles, 1));
  const std::int64_t caches = limit / 10 * 6;
  const std::int64_t heavy = 2 * sortBytes(limit);
  MemoryShares shares;
  shares.softLimit = limit / 4 * 3;
  shares.hardLimit = limit;
  shares.reserve = heapReserve(limit);
  shares.cachePerHandle = std::max(caches / sharers, kLeastCacheBytes);
  shares.statementsPerHandle = std::clamp(limit / 100 * 15 / sharers, kLeastStatements, kUnlimitedStatements);
  const std::int64_t beside = std::max(limit / 2 / heavy, std::int64_t{1});
  shares.heavyStatements = static_cast<std::size_t>(beside);
  shares.cacheWhileHeavy = std::clamp((caches - beside * heavy) / sharers, kLeastCacheBytes, shares.cachePerHandle);
  return shares;
}

MemoryStage memoryStageOf(std::int64_t used, std::int64_t limit, MemoryStage before) noexcept {
  if (limit == 0) return MemoryStage::Normal;
  const std::int64_t percent = used * 100 / limit;
  if (percent >= 97 || (percent >= 90 && before == MemoryStage::Critical)) return MemoryStage::Critical;
  if (percent >= 90 || (percent >= 85 && before != MemoryStage::Normal)) return MemoryStage::Pressure;
  return MemoryStage::Normal;
}

void shareCaches(std::span<const CacheWish> wishes, std::int64_t total, std::span<std::int64_t> result) noexcept {
  double weights = 0;
  std::int64_t applied = 0;
  for (const CacheWish& wish : wishes) {
    weights += weightOf(wish);
    applied += wish.applied;
  }
  const auto handles = static_cast<std::int64_t>(wishes.size());
  total = std::max(total, handles * kLeastCacheBytes);
  const std::int64_t spare = total - handles * kLeastCacheBytes;
  // Nobody was used: even parts, for whoever comes first.
  std::int64_t wanted = 0;
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const double part = weights > 0 ? weightOf(wishes[i]) / weights : 1.0 / static_cast<double>(handles);
    result[i] = kLeastCacheBytes + static_cast<std::int64_t>(static_cast<double>(spare) * part);
    wanted += std::max(result[i] - wishes[i].applied, std::int64_t{0});
  }
  const std::int64_t free = std::max(total - applied, std::int64_t{0});
  if (wanted <= free) return;
  const double granted = static_cast<double>(free) / static_cast<double>(wanted);
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const std::int64_t more = result[i] - wishes[i].applied;
    if (more > 0) result[i] = wishes[i].applied + static_cast<std::int64_t>(static_cast<double>(more) * granted);
  }
}

}  // namespace holdfast
