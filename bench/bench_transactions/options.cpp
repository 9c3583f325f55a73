#include "bench_transactions/options.hpp"

#include <CLI/CLI.hpp>

#include "bench_transactions/plan.hpp"
#include "support/command_line.hpp"

namespace bench {

namespace {

constexpr RoundPlan kQuickCalm{2, std::chrono::milliseconds{30}};
constexpr RoundPlan kQuickCrowded{2, std::chrono::milliseconds{300}};

}  // namespace

std::optional<int> parseOptions(int argc, char** argv, Options& options) {
  CLI::App app("Measures holdfast's transactions and the reads beside them against bare SQLite, in turns.");
  int rounds = 0;
  addSectionOptions(app, "--section", kSections, options);
  app.add_option("--rounds", rounds, "Rounds of each contender (15; 7 where many threads write)")
      ->check(CLI::Range(1, 1000));
  app.add_flag("--quick", options.quick, "Few and short rounds: shows that it works, measures nothing");
  if (const std::optional<int> code = parseCommandLine(app, argc, argv)) return code;
  if (options.quick) options.calm = kQuickCalm;
  if (options.quick) options.crowded = kQuickCrowded;
  if (rounds > 0) options.calm.rounds = options.crowded.rounds = rounds;
  return std::nullopt;
}

}  // namespace bench
