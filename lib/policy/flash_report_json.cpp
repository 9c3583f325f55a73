#include <nlohmann/json.hpp>

#include <holdfast/flash_report.hpp>

namespace holdfast {
namespace {

nlohmann::json toJson(const FlashWrites& writes) { return {{"bytes", writes.bytes}, {"syncs", writes.syncs}}; }

nlohmann::json toJson(const FlashFiles& files) {
  return {{"database", toJson(files.database)},
          {"log", toJson(files.log)},
          {"journal", toJson(files.journal)},
          {"other", toJson(files.other)}};
}

}  // namespace

nlohmann::json toJson(const FlashReport& report) {
  nlohmann::json json{{"total", toJson(report.total)},
                      {"runningMilliseconds", report.runningTime.count()},
                      {"dayMilliseconds", report.dayTime.count()},
                      {"bytesPerDay", report.bytesPerDay},
                      {"dailyBudget", report.dailyBudget},
                      {"overBudget", report.overBudget},
                      {"endurance", report.endurance},
                      {"enduranceUsed", report.enduranceUsed},
                      {"problem", report.problem}};
  json["days"] = nlohmann::json::array();
  for (const FlashFiles& day : report.days) json["days"].push_back(toJson(day));
  json["daysLeft"] = nullptr;
  if (report.daysLeft) json["daysLeft"] = *report.daysLeft;
  return json;
}

}  // namespace holdfast
