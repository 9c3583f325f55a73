#include "bench_pool/options.hpp"

#include <CLI/CLI.hpp>

#include "bench_pool/section.hpp"
#include "support/text.hpp"

namespace bench {

std::optional<int> parseOptions(int argc, char** argv, Options& options) {
  CLI::App app("Measures holdfast's pool beside bare SQLite, in turns within one process.");
  std::vector<std::string> names;
  for (const SectionPlan& plan : kSections) names.emplace_back(plan.name);
  auto parseTime = [&options](const std::string& text) {
    const auto time = parseDuration(text);
    if (!time || *time < std::chrono::milliseconds{1} || *time > std::chrono::minutes{1}) {
      throw CLI::ValidationError("--round-time", "'" + text + "' is not a duration of 1ms to 1min, such as 250ms");
    }
    options.plan.roundTime = *time;
  };
  app.add_option("--directory", options.directory, "Where the databases are made and removed again")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
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
  app.add_option("--only", options.only, "Sections to run")->delimiter(',')->check(CLI::IsMember(names));
  app.add_option("--json", options.json, "File for everything that was measured")->type_name("FILE");
  app.add_flag("--quiet", options.quiet, "No progress");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

}  // namespace bench
