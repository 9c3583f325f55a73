#include <nlohmann/json.hpp>

#include <holdfast/report.hpp>

namespace holdfast {
namespace {

std::int64_t milliseconds(Clock::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
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
  if (report.lastWriteAge) json["lastWriteAgeMilliseconds"] = milliseconds(*report.lastWriteAge);
  return json;
}

}  // namespace holdfast
