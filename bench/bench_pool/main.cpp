// Measures the pool beside bare SQLite. Tells what was wanted and what was reached; a slow machine is no error.
// 0: measured; 1: could not; 2: bad usage.

#include <nlohmann/json.hpp>

#include "bench_pool/section.hpp"

namespace bench {

namespace {

nlohmann::ordered_json settingsJson(const Options& options) {
  return {{"rounds", options.plan.rounds},
          {"roundNanoseconds", options.plan.roundTime.count()},
          {"rows", options.rows},
          {"threads", options.threads}};
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  if (const std::optional<int> code = bench::parseOptions(argc, argv, options)) return *code;
  return bench::measureSections("bench_pool", bench::kSections, options, options, bench::settingsJson(options));
}
