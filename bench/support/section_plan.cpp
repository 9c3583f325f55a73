#include "support/section_plan.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "support/json_file.hpp"
#include "support/process_facts.hpp"
#include "support/scratch_directory.hpp"
#include "support/thread_crew.hpp"

namespace bench {

namespace {

bool isWanted(const SectionOptions& wanted, const char* name) {
  const std::vector<std::string>& chosen = wanted.sections;
  return chosen.empty() || std::find(chosen.begin(), chosen.end(), name) != chosen.end();
}

/// Everything that was measured, round by round.
nlohmann::ordered_json reportJson(const char* program, const nlohmann::ordered_json& settings,
                                  const std::vector<Section>& sections) {
  nlohmann::ordered_json json{{"program", program}, {"machine", machineFacts()}, {"options", settings}};
  auto& all = json["sections"] = nlohmann::ordered_json::array();
  for (const Section& section : sections) all.push_back(sectionJson(section));
  return json;
}

}  // namespace

int measureSections(const char* program, std::span<const SectionPlan> plans, const SectionOptions& wanted,
                    const Options& options, const nlohmann::ordered_json& settings) {
  try {
    // One thread more, which does nothing: mutexes are cheaper in a process with a single thread, and no user of a pool
    // has such a process.
    const ThreadCrew company(1);
    const ScratchDirectory scratch(wanted.directory, program);
    Progress progress(wanted.quiet);
    std::vector<Section> all;
    for (const SectionPlan& plan : plans) {
      if (!isWanted(wanted, plan.name)) continue;
      const std::vector<Section> sections = plan.measure({options, scratch.make(plan.name), progress});
      progress.clear();
      for (const Section& section : sections) {
        printSection(section);
        all.push_back(section);
      }
    }
    if (!wanted.json.empty()) writeJson(wanted.json, reportJson(program, settings, all));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    return 1;
  }
}

}  // namespace bench
