// Measures typed repositories against bare SQLite and other layers over it. Tells what was wanted and what was reached;
// a slow machine is no error. 0: measured; 1: could not; 2: bad usage.

#include <nlohmann/json.hpp>

#include "bench_repository/plan.hpp"

namespace bench {

namespace {

nlohmann::ordered_json settingsJson(const Options& options) {
  return {{"quick", options.quick},
          {"rounds", options.plan.rounds},
          {"roundNanoseconds", options.plan.roundTime.count()},
          {"rows", options.rows},
          {"batch", options.batch}};
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  if (const std::optional<int> code = bench::parseOptions(argc, argv, options)) return *code;
  return bench::measureSections("bench_repository", bench::kSections, options, options, bench::settingsJson(options));
}
