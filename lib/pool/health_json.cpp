#include <nlohmann/json.hpp>

#include <holdfast/report.hpp>

namespace holdfast {
namespace {

std::int64_t milliseconds(Clock::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

nlohmann::json toJson(const RecoveryReport& recovery) {
  nlohmann::json json{{"cause", toText(recovery.cause)},     {"action", toText(recovery.action)},
                      {"findings", recovery.findings},       {"backup", recovery.backup},
                      {"quarantined", recovery.quarantined}, {"rowsKept", recovery.salvage.rowsKept},
                      {"gaps", recovery.salvage.gaps},       {"tookMilliseconds", milliseconds(recovery.took)}};
  json["rowsLostAtMost"] = nullptr;
  if (recovery.salvage.rowsLostAtMost) json["rowsLostAtMost"] = *recovery.salvage.rowsLostAtMost;
  return json;
}

}  // namespace

nlohmann::json toJson(const HealthReport& report) {
  nlohmann::json json{{"healthy", report.healthy},
                      {"connectionsChecked", report.connectionsChecked},
                      {"connectionsReplaced", report.connectionsReplaced},
                      {"connectionsBusy", report.connectionsBusy},
                      {"connectionsSkipped", report.connectionsSkipped},
                      {"writable", report.writable},
                      {"wrotePage", report.wrotePage},
                      {"storageState", toText(report.storageState)},
                      {"storageReason", report.storageReason},
                      {"freeBytes", report.freeBytes},
                      {"totalBytes", report.totalBytes},
                      {"databaseBytes", report.databaseBytes},
                      {"memoryStage", toText(report.memoryStage)},
                      {"sqliteVersion", report.sqliteVersion},
                      {"sqliteSourceId", report.sqliteSourceId},
                      {"walResetBug", report.walResetBug},
                      {"compileOptions", report.compileOptions},
                      {"notes", report.notes},
                      {"problems", report.problems},
                      {"durationMilliseconds", milliseconds(report.duration)}};
  json["lastWriteAgeMilliseconds"] = nullptr;
  json["recovery"] = nullptr;
  if (report.recovery) json["recovery"] = toJson(*report.recovery);
  if (report.lastWriteAge) json["lastWriteAgeMilliseconds"] = milliseconds(*report.lastWriteAge);
  return json;
}

}  // namespace holdfast
