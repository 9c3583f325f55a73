#include <holdfast/event.hpp>

#include <array>

namespace holdfast {

std::string_view toText(EventKind kind) noexcept {
  static constexpr std::array<std::string_view, 25> kTexts{
      "initialized",         "connectionCreated",
      "connectionDestroyed", "connectionRenewed",
      "connectionRecovered", "openFailed",
      "leaseLeaked",         "leaseForced",
      "stateRestored",       "memoryPressure",
      "memoryNormal",        "checkpoint",
      "checkpointBlocked",   "closed",
      "memoryAction",        "backupMade",
      "backupFailed",        "damageFound",
      "databaseRecovered",   "storageChanged",
      "flashOverBudget",     "migrated",
      "migrationUndone",     "migrationConfirmed",
      "commitsMissing",
  };
  static_assert(kTexts.size() == static_cast<std::size_t>(EventKind::CommitsMissing) + 1);
  const auto index = static_cast<std::size_t>(kind);
  return index < kTexts.size() ? kTexts[index] : "unknown";
}

}  // namespace holdfast
