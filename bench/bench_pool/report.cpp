#include "bench_pool/report.hpp"

#include <nlohmann/json.hpp>

#include "support/process_facts.hpp"

namespace bench {

nlohmann::ordered_json reportJson(const Options& options, const std::vector<Section>& sections) {
  nlohmann::ordered_json json{{"program", "bench_pool"}, {"machine", machineFacts()}};
  json["options"] = {{"rounds", options.plan.rounds},
                     {"roundNanoseconds", options.plan.roundTime.count()},
                     {"rows", options.rows},
                     {"threads", options.threads}};
  auto& all = json["sections"] = nlohmann::ordered_json::array();
  for (const Section& section : sections) all.push_back(sectionJson(section));
  return json;
}

}  // namespace bench
