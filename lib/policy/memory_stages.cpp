#include "policy/memory_stages.hpp"

#include <algorithm>

#include "policy/memory_budget.hpp"

namespace holdfast {
namespace {

constexpr std::array kActions{MemoryAction::ShrinkRepositoryCaches, MemoryAction::ReleasePageCaches,
                              MemoryAction::SmallerPageCaches,      MemoryAction::ShrinkStatementCaches,
                              MemoryAction::CloseIdleHandles,       MemoryAction::RefuseTransactions};
constexpr std::size_t kUnderPressure = 3;

MemoryStage stallStage(const MemoryStall& stall, MemoryStage before) noexcept {
  constexpr double kBegin = 10;
  constexpr double kEnd = 5;
  if (!stall.present) return MemoryStage::Normal;
  if (stall.full >= (before == MemoryStage::Critical ? kEnd : kBegin)) return MemoryStage::Critical;
  return stall.some >= (before == MemoryStage::Normal ? kBegin : kEnd) ? MemoryStage::Pressure : MemoryStage::Normal;
}

}  // namespace

std::span<const MemoryAction> actionsOf(MemoryStage stage) noexcept {
  switch (stage) {
    case MemoryStage::Normal: return {};
    case MemoryStage::Pressure: return std::span(kActions).first(kUnderPressure);
    case MemoryStage::Critical: break;
  }
  return kActions;
}

bool isDoneAt(MemoryAction action, MemoryStage stage) noexcept {
  const std::span<const MemoryAction> actions = actionsOf(stage);
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

bool lasts(MemoryAction action) noexcept {
  return action == MemoryAction::SmallerPageCaches || action == MemoryAction::RefuseTransactions;
}

MemoryStage StageDemands::highest() const noexcept { return *std::max_element(stages_.begin(), stages_.end()); }

bool StageDemands::refusesTransactions() const noexcept {
  return of(MemorySource::Heap) == MemoryStage::Critical || of(MemorySource::Resident) == MemoryStage::Critical ||
         of(MemorySource::Application) == MemoryStage::Critical;
}

void SignalPolicy::judge(const MemorySignals& signals, std::int64_t residentLimit, StageDemands& demands) noexcept {
  demands.set(MemorySource::Resident,
              memoryStageOf(signals.residentBytes, residentLimit, demands.of(MemorySource::Resident)));
  const CgroupMemory& group = signals.cgroup;
  MemoryStage stage = memoryStageOf(group.workingSetBytes(), group.limitBytes(), demands.of(MemorySource::Cgroup));
  if (seen_ && group.oomEvents > oomEvents_) stage = MemoryStage::Critical;
  seen_ = group.present;
  oomEvents_ = group.oomEvents;
  demands.set(MemorySource::Cgroup, stage);
  demands.set(MemorySource::Stall, stallStage(signals.stall, demands.of(MemorySource::Stall)));
}

}  // namespace holdfast
