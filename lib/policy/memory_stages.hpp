#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <holdfast/memory_signals.hpp>
#include <holdfast/memory_stage.hpp>

namespace holdfast {

/// What is done at a stage, gentle actions first.
std::span<const MemoryAction> actionsOf(MemoryStage stage) noexcept;
/// Whether an action is done at a stage.
bool isDoneAt(MemoryAction action, MemoryStage stage) noexcept;
/// Whether an action lasts as long as its stage, and is undone afterwards; the others are done once and again.
bool lasts(MemoryAction action) noexcept;

/// The stage that each source asks for. The highest one is the pool's.
class StageDemands {
 public:
  static constexpr std::size_t kSources = 5;

  MemoryStage of(MemorySource source) const noexcept { return stages_[static_cast<std::size_t>(source)]; }
  void set(MemorySource source, MemoryStage stage) noexcept { stages_[static_cast<std::size_t>(source)] = stage; }
  MemoryStage highest() const noexcept;
  /// Whether new transactions are to be refused: what the whole device suffers from is no reason, they may not have
  /// caused it and refusing them does not end it.
  bool refusesTransactions() const noexcept;

 private:
  std::array<MemoryStage, kSources> stages_{};
};

/// What the device's signals ask for, as they were read one after the other.
///
/// Resident memory: as memoryStageOf() with `residentLimit` (0: none). The control group: the same with its working set
/// and the lower of its limits; Critical where it ran out of memory since the last time. Stall: Pressure from 10 % of
/// `some` until it is below 5 %, Critical from 10 % of `full` until below 5 %; systemd-oomd kills at 60 %.
class SignalPolicy {
 public:
  void judge(const MemorySignals& signals, std::int64_t residentLimit, StageDemands& demands) noexcept;

 private:
  bool seen_ = false;
  std::uint64_t oomEvents_ = 0;
};

}  // namespace holdfast
