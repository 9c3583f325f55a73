// Measures the write path and the reads beside it against bare SQLite. Tells what was wanted and what was reached; a
// slow machine is no error. 0: measured; 1: could not; 2: bad usage.

#include <nlohmann/json.hpp>

#include "bench_transactions/plan.hpp"

namespace bench {

namespace {

nlohmann::ordered_json planJson(const RoundPlan& plan) {
  return {{"rounds", plan.rounds}, {"roundNanoseconds", plan.roundTime.count()}};
}

nlohmann::ordered_json settingsJson(const Options& options) {
  return {{"quick", options.quick}, {"calm", planJson(options.calm)}, {"crowded", planJson(options.crowded)}};
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  if (const std::optional<int> code = bench::parseOptions(argc, argv, options)) return *code;
  return bench::measureSections("bench_transactions", bench::kSections, options, options, bench::settingsJson(options));
}
