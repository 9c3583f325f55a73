#include "bench_pool/options.hpp"

#include <CLI/CLI.hpp>

#include "bench_pool/section.hpp"
#include "support/command_line.hpp"
#include "support/text.hpp"

namespace bench {

std::optional<int> parseOptions(int argc, char** argv, Options& options) {
  CLI::App app("Measures holdfast's pool beside bare SQLite, in turns within one process.");
  auto parseTime = [&options](const std::string& text) {
    const auto time = parseDuration(text);
    if (!time || *time < std::chrono::milliseconds{1} || *time > std::chrono::minutes{1}) {
      throw CLI::ValidationError("--round-time", "'" + text + "' is not a duration of 1ms to 1min, such as 250ms");
    }
    options.plan.roundTime = *time;
  };
  addSectionOptions(app, "--only", kSections, options);
  app.add_option("--rounds", options.plan.rounds, "Rounds of each contender")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option_function<std::string>("--round-time", parseTime, "Time of one round (250ms)")->type_name("DURATION");
  app.add_option("--rows", options.rows, "Rows of the table that is read")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000'000}))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Numbers of reading threads")
      ->delimiter(',')
      ->check(CLI::Range(1, 63))
      ->capture_default_str();
  return parseCommandLine(app, argc, argv);
}

}  // namespace bench
