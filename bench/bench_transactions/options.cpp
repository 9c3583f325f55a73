#include "bench_transactions/options.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>

#include "bench_transactions/plan.hpp"

namespace bench {

namespace {

constexpr RoundPlan kQuickCalm{2, std::chrono::milliseconds{30}};
constexpr RoundPlan kQuickCrowded{2, std::chrono::milliseconds{300}};

/// Found out before the measuring, not after it.
std::string requireDirectoryOf(const std::string& file) {
  const std::filesystem::path path(file);
  if (!path.has_filename()) return "'" + file + "' is not the name of a file";
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return "'" + file + "' is a directory";
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  if (std::filesystem::is_directory(parent, ignored)) return "";
  return "there is no directory " + parent.string() + " for '" + file + "'";
}

}  // namespace

std::optional<int> parseOptions(int argc, char** argv, Options& options) {
  CLI::App app("Measures holdfast's transactions and the reads beside them against bare SQLite, in turns.");
  std::vector<std::string> names;
  for (const SectionPlan& plan : kSections) names.emplace_back(plan.name);
  int rounds = 0;
  app.add_option("--directory", options.directory, "Where the databases are made and removed again")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_option("--section", options.sections, "Sections to run")->delimiter(',')->check(CLI::IsMember(names));
  app.add_option("--rounds", rounds, "Rounds of each contender (15; 7 where many threads write)")
      ->check(CLI::Range(1, 1000));
  app.add_flag("--quick", options.quick, "Few and short rounds: shows that it works, measures nothing");
  app.add_option("--json", options.json, "File for everything that was measured")
      ->type_name("FILE")
      ->check(CLI::Validator(requireDirectoryOf, ""));
  app.add_flag("--quiet", options.quiet, "No progress");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.quick) options.calm = kQuickCalm;
  if (options.quick) options.crowded = kQuickCrowded;
  if (rounds > 0) options.calm.rounds = options.crowded.rounds = rounds;
  return std::nullopt;
}

}  // namespace bench
