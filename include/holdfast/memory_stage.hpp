#pragma once

#include <cstdint>
#include <string_view>

namespace holdfast {

/// How close the process is to its memory limit. Each stage does what the one before does, and more (MemoryAction).
enum class MemoryStage : std::uint8_t {
  Normal,    ///< Nothing is done.
  Pressure,  ///< Repository caches are halved, page caches of idle handles released, page caches kept smaller.
  Critical,  ///< Caches are emptied, idle handles closed; where that does not help, new transactions are refused.
};

/// What is done while memory is short, gentle actions first. Reads and Priority::Control go on to the last.
enum class MemoryAction : std::uint8_t {
  ShrinkRepositoryCaches,  ///< From Pressure: by half; from Critical: to nothing.
  ReleasePageCaches,       ///< From Pressure: idle handles give back the pages that they hold.
  SmallerPageCaches,       ///< From Pressure: page caches have half of their share, from Critical a quarter.
  ShrinkStatementCaches,   ///< From Critical: idle handles give back their prepared statements.
  CloseIdleHandles,        ///< From Critical: down to minPoolSize.
  RefuseTransactions,      ///< From Critical, once nobody is at work who may give memory back: Error{MemoryLimit}.
};

/// What asks for a stage.
enum class MemorySource : std::uint8_t {
  Heap,         ///< SQLite's heap and the repository caches, beside memoryLimit.
  Resident,     ///< The process's resident memory, beside residentLimit.
  Cgroup,       ///< The memory of the process's control group, beside its limits.
  Stall,        ///< The time that tasks lose waiting for memory (Linux PSI).
  Application,  ///< reportMemoryPressure().
};

std::string_view toText(MemoryStage stage) noexcept;
std::string_view toText(MemoryAction action) noexcept;
std::string_view toText(MemorySource source) noexcept;

}  // namespace holdfast
