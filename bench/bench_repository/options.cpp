#include "bench_repository/options.hpp"

#include <CLI/CLI.hpp>

#include "bench_repository/plan.hpp"
#include "support/command_line.hpp"

namespace bench {

std::optional<int> parseOptions(int argc, char** argv, Options& options) {
  CLI::App app("Measures holdfast's typed repositories beside bare SQLite and other layers over it, in turns.");
  const CLI::Range anyNumber(std::int64_t{1'000}, std::int64_t{10'000'000});
  int rounds = 0;
  addSectionOptions(app, "--section", kSections, options);
  app.add_option("--rounds", rounds, "Rounds of each contestant (15)")->check(CLI::Range(1, 1000));
  app.add_option("--rows", options.rows, "Rows of the table that is read")->check(anyNumber)->capture_default_str();
  app.add_option("--batch", options.batch, "Rows created at once")->check(anyNumber)->capture_default_str();
  app.add_flag("--quick", options.quick, "Few and short rounds: shows that it works, measures nothing");
  if (const std::optional<int> code = parseCommandLine(app, argc, argv)) return code;
  if (options.quick) {
    options.plan = {2, std::chrono::milliseconds{30}};
    options.batch = 1'000;
    options.removable = 2'000;
  }
  if (rounds > 0) options.plan.rounds = rounds;
  return std::nullopt;
}

}  // namespace bench
