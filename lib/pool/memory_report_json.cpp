#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/memory_budget.hpp>

namespace holdfast {
namespace {

template <typename Enum>
nlohmann::json textsOf(const std::vector<Enum>& values) {
  nlohmann::json names = nlohmann::json::array();
  for (const Enum value : values) names.push_back(toText(value));
  return names;
}

nlohmann::json toJson(const HandleMemory& handle) {
  return {{"connectionId", handle.connectionId},
          {"access", toText(handle.access)},
          {"inUse", handle.inUse},
          {"cacheBytes", handle.cacheBytes},
          {"cacheLimitBytes", handle.cacheLimitBytes},
          {"schemaBytes", handle.schemaBytes},
          {"statementBytes", handle.statementBytes},
          {"totalBytes", handle.totalBytes()}};
}

nlohmann::json toJson(const SqliteHeap& heap) {
  return {{"usedBytes", heap.usedBytes},           {"peakBytes", heap.peakBytes},
          {"softLimitBytes", heap.softLimitBytes}, {"hardLimitBytes", heap.hardLimitBytes},
          {"allocations", heap.allocations},       {"largestAllocationBytes", heap.largestAllocationBytes}};
}

nlohmann::json toJson(const MemorySignals& signals) {
  nlohmann::json json{{"residentBytes", signals.residentBytes}};
  if (const CgroupMemory& group = signals.cgroup; group.present) {
    json["cgroup"] = {{"path", group.path},
                      {"currentBytes", group.currentBytes},
                      {"inactiveFileBytes", group.inactiveFileBytes},
                      {"workingSetBytes", group.workingSetBytes()},
                      {"highBytes", group.highBytes},
                      {"maxBytes", group.maxBytes},
                      {"highEvents", group.highEvents},
                      {"maxEvents", group.maxEvents},
                      {"oomEvents", group.oomEvents}};
  }
  if (signals.stall.present) {
    json["stall"] = {{"ofCgroup", signals.stall.ofCgroup}, {"some", signals.stall.some}, {"full", signals.stall.full}};
  }
  return json;
}

}  // namespace

nlohmann::json toJson(const MemoryReport& report) {
  nlohmann::json json;
  json["heap"] = toJson(report.heap);
  json["limitBytes"] = report.limitBytes;
  json["handles"] = nlohmann::json::array();
  for (const HandleMemory& handle : report.handles) json["handles"].push_back(toJson(handle));
  json["otherBytes"] = report.otherBytes;
  json["repositoryCacheBytes"] = report.repositoryCacheBytes;
  json["allCachesBytes"] = report.allCachesBytes;
  json["postedPieces"] = report.postedPieces;
  json["postedBytes"] = report.postedBytes;
  json["allPostedBytes"] = report.allPostedBytes;
  json["changeLogBytes"] = report.changeLogBytes;
  json["heavyStatements"] = {{"allowed", report.heavyStatements.allowed},
                             {"running", report.heavyStatements.running},
                             {"entered", report.heavyStatements.entered},
                             {"waited", report.heavyStatements.waited}};
  json["signals"] = toJson(report.signals);
  json["stage"] = toText(report.stage);
  json["reasons"] = textsOf(report.reasons);
  json["actions"] = textsOf(report.actions);
  json["refusesTransactions"] = report.refusesTransactions;
  return json;
}

}  // namespace holdfast
