#include "memory_stress/options.hpp"

#include <CLI/CLI.hpp>

#include "support/command_line.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

void addSize(CLI::App& app, const std::string& name, std::int64_t& target, std::int64_t least,
             const std::string& help) {
  auto parse = [name, &target, least](const std::string& text) {
    const std::optional<std::int64_t> size = parseSize(text);
    if (!size || *size < least) {
      throw CLI::ValidationError(
          name, "'" + text + "' is not a size of at least " + bytesText(static_cast<double>(least)) + ", such as 4MiB");
    }
    target = *size;
  };
  app.add_option_function<std::string>(name, parse, help)->type_name("SIZE");
}

void addDuration(CLI::App& app, const std::string& name, std::chrono::milliseconds& target, const std::string& help) {
  auto parse = [name, &target](const std::string& text) {
    const std::optional<std::chrono::milliseconds> duration = parseDuration(text);
    if (!duration || *duration < std::chrono::seconds{2} || *duration > std::chrono::hours{24}) {
      throw CLI::ValidationError(name, "'" + text + "' is not a duration of 2s to 24h, such as 30s");
    }
    target = *duration;
  };
  app.add_option_function<std::string>(name, parse, help)->type_name("DURATION");
}

}  // namespace

std::optional<int> parseOptions(int argc, char** argv, Options& options) {
  CLI::App app("Puts a holdfast pool under load within a memory budget, and says whether the budget held.");
  app.add_option("--directory", options.directory, "Where the database is made")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  addSize(app, "--limit", options.limit, 256 * holdfast::KiB, "SQLite heap of the process (4MiB)");
  app.add_option("--handles", options.handles, "Slots of the pool")->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--threads", options.threads, "Threads of the load")->check(CLI::Range(1, 256))->capture_default_str();
  addSize(app, "--size", options.size, holdfast::MiB, "Size of the database (256MiB)");
  addDuration(app, "--duration", options.duration, "Time of all scenarios together (30s)");
  app.add_option("--json", options.json, "File for everything that was measured")->type_name("FILE");
  app.add_flag("--quiet", options.quiet, "No progress");
  app.add_flag("--keep", options.keep, "Leave the database there, for the next run");
  return parseCommandLine(app, argc, argv);
}

}  // namespace bench
