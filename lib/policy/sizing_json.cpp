#include <nlohmann/json.hpp>

#include <holdfast/sizing.hpp>

namespace holdfast {

nlohmann::json toJson(const SizingReport& report) {
  const SizingFigures& f = report.figures;
  nlohmann::json json;
  json["figures"] = {{"rounds", f.rounds},           {"acquires", f.acquires},
                     {"readWaits", f.readWaits},     {"acquireTimeouts", f.acquireTimeouts},
                     {"utilisation", f.utilisation}, {"mostHandles", f.mostHandles},
                     {"idleHandles", f.idleHandles}, {"refusals", f.refusals},
                     {"runsAlone", f.runsAlone},     {"peakBytes", f.peakBytes},
                     {"poolSize", f.poolSize},       {"targetSize", f.targetSize},
                     {"memoryLimit", f.memoryLimit}};
  json["advice"] = nlohmann::json::array();
  for (const SizingAdvice& advice : report.advice) {
    json["advice"].push_back({{"knob", toText(advice.knob)},
                              {"present", advice.present},
                              {"suggested", advice.suggested},
                              {"reason", advice.reason}});
  }
  return json;
}

}  // namespace holdfast
