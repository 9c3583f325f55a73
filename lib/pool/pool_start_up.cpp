// What open() does before the first handle.

#include "core/text.hpp"
#include "pool/pool_core.hpp"
#include "storage/database_file.hpp"
#include "storage/start_up.hpp"

namespace holdfast {

void ConnectionPool::Core::startUp(const ConnectionConfig& wanted, OpenReport& report) {
  const DatabaseFile file = findDatabaseFile(wanted.database);
  if (isOpenFile(file.device, file.inode)) return;  // Which claimFile() reports.
  StartUp start(file.path, wanted);
  start.run();
  schema.userVersion = start.userVersion();
  schema.undoneBefore = start.hasUndone();
  report.recovery = std::move(start.report());
  report.warnings = std::move(start.warnings());
  const RecoveryReport& recovery = report.recovery;
  if (recovery.cause != RecoveryCause::None) {
    counters.recoveryTook[static_cast<std::size_t>(recovery.cause)] = recovery.took.count();
  }
  if (recovery.action == RecoveryAction::None) return;
  std::string text = "the database was " + std::string(toText(recovery.cause)) + " and has been " +
                     std::string(toText(recovery.action));
  if (!recovery.backup.empty()) text += " from \"" + recovery.backup + "\"";
  if (recovery.action == RecoveryAction::Salvaged) {
    text += ": " + std::to_string(recovery.salvage.rowsKept) + " rows kept, " + std::to_string(recovery.salvage.gaps) +
            " places unreadable";
  }
  text += ", in " + formatDuration(recovery.took);
  for (const std::string& kept : recovery.quarantined) text += "; kept \"" + kept + "\"";
  report.warnings.push_back(std::move(text));
}

}  // namespace holdfast
