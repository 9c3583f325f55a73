#include <string>

#include <nlohmann/json.hpp>

#include <holdfast/testing/fault_report.hpp>

namespace holdfast::testing {

Json toJson(const FaultReport& report) {
  nlohmann::json json{{"points", report.points},
                      {"runs", report.runs},
                      {"operations", report.operations},
                      {"acknowledged", report.acknowledged},
                      {"lostSuffix", report.lostSuffix},
                      {"secondCuts", report.secondCuts},
                      {"faults", report.faults},
                      {"skipped", report.skipped},
                      {"seconds", report.seconds},
                      {"ok", report.ok()},
                      {"verdicts", nlohmann::json::object()},
                      {"findings", nlohmann::json::array()}};
  for (std::size_t i = 0; i < kVerdicts; ++i) {
    json["verdicts"][std::string(toText(static_cast<Verdict>(i)))] = report.counts[i];
  }
  for (const Finding& finding : report.findings) {
    json["findings"].push_back(
        {{"verdict", toText(finding.verdict)}, {"point", finding.point}, {"what", finding.what}});
  }
  return json;
}

}  // namespace holdfast::testing
