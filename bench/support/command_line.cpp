#include "support/command_line.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>

namespace bench {

namespace {

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

void addSectionOptions(CLI::App& app, const char* choice, std::span<const SectionPlan> plans, SectionOptions& options) {
  std::vector<std::string> names;
  for (const SectionPlan& plan : plans) names.emplace_back(plan.name);
  app.add_option("--directory", options.directory, "Where the databases are made and removed again")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_option(choice, options.sections, "Sections to run")->delimiter(',')->check(CLI::IsMember(names));
  addFileOption(app, "--json", options.json, "File for everything that was measured");
  app.add_flag("--quiet", options.quiet, "No progress");
}

void addFileOption(CLI::App& app, const std::string& name, std::string& target, const std::string& help) {
  app.add_option(name, target, help)->type_name("FILE")->check(CLI::Validator(requireDirectoryOf, ""));
}

std::optional<int> parseCommandLine(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

}  // namespace bench
