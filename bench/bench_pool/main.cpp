// Measures the pool beside bare SQLite. Tells what was wanted and what was reached; a slow machine is no error.
// 0: measured; 1: could not; 2: bad usage.

#include <algorithm>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "bench_pool/report.hpp"
#include "support/json_file.hpp"
#include "support/scratch_directory.hpp"
#include "support/thread_crew.hpp"

namespace bench {

namespace {

bool wanted(const Options& options, const char* name) {
  return options.only.empty() || std::find(options.only.begin(), options.only.end(), name) != options.only.end();
}

void measure(const Options& options) {
  // One thread more, which does nothing: mutexes are cheaper in a process with a single thread, and no user of a pool
  // has such a process.
  const ThreadCrew company(1);
  const ScratchDirectory scratch(options.directory, "bench_pool");
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
    std::fprintf(stderr, "bench_pool: %s\n", error.what());
    return 1;
  }
}
