#include "policy/memory_budget.hpp"

#include <algorithm>

#include <holdfast/units.hpp>

namespace holdfast {
namespace {

constexpr std::int64_t kUnlimitedCache = 512 * KiB;
constexpr std::int64_t kUnlimitedStatements = 256 * KiB;
constexpr std::int64_t kLeastCache = 16 * KiB;
constexpr std::int64_t kLeastStatements = 8 * KiB;

}  // namespace

MemoryShares divideMemory(std::int64_t limit, std::size_t handles) noexcept {
  if (limit == 0) return {0, 0, kUnlimitedCache, kUnlimitedStatements};
  const auto sharers = static_cast<std::int64_t>(std::max<std::size_t>(handles, 1));
  MemoryShares shares;
  shares.softLimit = limit / 4 * 3;
  shares.hardLimit = limit;
  shares.cachePerHandle = std::max(limit / 10 * 6 / sharers, kLeastCache);
  shares.statementsPerHandle = std::clamp(limit / 100 * 15 / sharers, kLeastStatements, kUnlimitedStatements);
  return shares;
}

MemoryStage memoryStageOf(std::int64_t used, std::int64_t limit, MemoryStage before) noexcept {
  if (limit == 0) return MemoryStage::Normal;
  const std::int64_t percent = used * 100 / limit;
  if (percent >= 97 || (percent >= 90 && before == MemoryStage::Critical)) return MemoryStage::Critical;
  if (percent >= 90 || (percent >= 85 && before != MemoryStage::Normal)) return MemoryStage::Pressure;
  return MemoryStage::Normal;
}

}  // namespace holdfast
