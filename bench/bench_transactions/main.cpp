// Measures the write path and the reads beside it against bare SQLite. Tells what was wanted and what was reached; a
// slow machine is no error. 0: measured; 1: could not; 2: bad usage.

#include <algorithm>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "bench_transactions/plan.hpp"
#include "support/json_file.hpp"
#include "support/process_facts.hpp"
#include "support/scratch_directory.hpp"
#include "support/thread_crew.hpp"

namespace bench {

namespace {

bool wanted(const Options& options, const char* name) {
  const std::vector<std::string>& chosen = options.sections;
  return chosen.empty() || std::find(chosen.begin(), chosen.end(), name) != chosen.end();
}

nlohmann::ordered_json planJson(const RoundPlan& plan) {
  return {{"rounds", plan.rounds}, {"roundNanoseconds", plan.roundTime.count()}};
}

nlohmann::ordered_json reportJson(const Options& options, const std::vector<Section>& sections) {
  nlohmann::ordered_json json{{"program", "bench_transactions"}, {"machine", machineFacts()}};
  json["options"] = {
      {"quick", options.quick}, {"calm", planJson(options.calm)}, {"crowded", planJson(options.crowded)}};
  auto& all = json["sections"] = nlohmann::ordered_json::array();
  for (const Section& section : sections) all.push_back(sectionJson(section));
  return json;
}

void measure(const Options& options) {
  // One thread more, which does nothing: mutexes are cheaper in a process with a single thread, and no user of a pool
  // has such a process.
  const ThreadCrew company(1);
  const ScratchDirectory scratch(options.directory, "bench_transactions");
  Progress progress(options.quiet);
  std::vector<Section> all;
  for (const SectionPlan& plan : kSections) {
    if (!wanted(options, plan.name)) continue;
    const std::vector<Section> sections = plan.measure({options, scratch.make(plan.name), progress});
    progress.clear();
    for (const Section& section : sections) {
      printSection(section);
      all.push_back(section);
    }
  }
  if (!options.json.empty()) writeJson(options.json, reportJson(options, all));
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  if (const std::optional<int> code = bench::parseOptions(argc, argv, options)) return *code;
  try {
    bench::measure(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_transactions: %s\n", error.what());
    return 1;
  }
}
