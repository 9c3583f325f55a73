#include "memory_stress/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "memory_stress/profile.hpp"
#include "memory_stress/scenarios.hpp"
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

CLI::Option* addDuration(CLI::App& app, const std::string& name, std::optional<std::chrono::milliseconds>& target,
                         const std::string& help) {
  auto parse = [name, &target](const std::string& text) {
    const std::optional<std::chrono::milliseconds> duration = parseDuration(text);
    if (!duration || *duration < std::chrono::seconds{2} || *duration > std::chrono::hours{24}) {
      throw CLI::ValidationError(name, "'" + text + "' is not a duration of 2s to 24h, such as 30s");
    }
    target = *duration;
  };
  return app.add_option_function<std::string>(name, parse, help)->type_name("DURATION");
}

void addProfile(CLI::App& app, const Profile*& profile) {
  auto parse = [&profile](const std::string& name) {
    profile = findProfile(name);
    if (profile != nullptr) return;
    std::string names;
    for (const Profile& known : profiles()) names += (names.empty() ? "" : ", ") + std::string(known.name);
    throw CLI::ValidationError("--profile", "'" + name + "' is none of " + names);
  };
  app.add_option_function<std::string>("--profile", parse,
                                       "Budget and handles of a promise: 512KiB (4 handles), 1MiB, "
                                       "2MiB, 4MiB, 16MiB (8)")
      ->type_name("NAME");
}

std::vector<std::string> allNames() {
  std::vector<std::string> names{kComparison};
  for (const ScenarioPlan& plan : scenarioPlans()) names.emplace_back(plan.name);
  return names;
}

int printList() {
  std::printf("%-20s %s\n", kComparison, "the mixed load through pools and on bare handles, in turns");
  for (const ScenarioPlan& plan : scenarioPlans()) std::printf("%-20s %s\n", plan.name, plan.what);
  return 0;
}

/// What was asked for, said in one way.
struct Asked {
  std::optional<std::chrono::milliseconds> duration;
  std::optional<std::chrono::milliseconds> soak;
  const Profile* profile = nullptr;
  bool list = false;
};

void settle(const Asked& asked, const CLI::App& app, Options& options) {
  if (asked.profile != nullptr) {
    options.limit = asked.profile->limit;
    options.handles = asked.profile->handles;
    if (app.count("--threads") == 0) options.threads = asked.profile->handles;
  }
  if (asked.duration) options.duration = *asked.duration;
  if (asked.soak) {
    options.scenarios = {kSoak};
    options.duration = *asked.soak;
  }
  if (!options.scenarios.empty() || options.findSmallest) return;
  options.scenarios = allNames();
  std::erase(options.scenarios, kSoak);
}

}  // namespace

bool Options::runs(const std::string& name) const {
  return std::find(scenarios.begin(), scenarios.end(), name) != scenarios.end();
}

std::optional<int> parseOptions(int argc, char** argv, Options& options) {
  CLI::App app("Puts a holdfast pool under load within a memory budget, and says whether the budget held.");
  Asked asked;
  app.add_flag("--list", asked.list, "Name the scenarios and end");
  app.add_option("--scenario", options.scenarios, "Scenarios to run; all but the soak unless given")
      ->delimiter(',')
      ->type_name("NAME,...")
      ->check(CLI::IsMember(allNames()));
  addProfile(app, asked.profile);
  app.add_option("--directory", options.directory, "Where the database is made")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  addSize(app, "--limit", options.limit, 256 * holdfast::KiB, "SQLite heap of the process (4MiB)");
  app.add_option("--handles", options.handles, "Slots of the pool")->check(CLI::Range(1, 60))->capture_default_str();
  app.add_option("--threads", options.threads, "Threads of the load")->check(CLI::Range(1, 256))->capture_default_str();
  app.add_option("--malloc-arenas", options.mallocArenas, "Arenas of the C library's malloc; 0: as it likes")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  addSize(app, "--size", options.size, holdfast::MiB, "Size of the database (256MiB)");
  CLI::Option* duration = addDuration(app, "--duration", asked.duration, "Time of all that is run together (30s)");
  addDuration(app, "--soak", asked.soak, "Runs the soak for so long and nothing else")
      ->excludes(duration)
      ->excludes(app.get_option("--scenario"));
  app.add_flag("--find-smallest", options.findSmallest,
               "Find the smallest budget with which the mixed load still works; alone, or after what --scenario names");
  app.add_option("--seed", options.seed, "Of everything drawn at random")->capture_default_str();
  addFileOption(app, "--json", options.json, "File for everything that was measured");
  addFileOption(app, "--html", options.html, "File for a page with plots over time");
  app.add_flag("--quiet", options.quiet, "No progress");
  app.add_flag("--keep", options.keep, "Leave the database there, for the next run");
  if (const std::optional<int> code = parseCommandLine(app, argc, argv)) return code;
  if (asked.list) return printList();
  settle(asked, app, options);
  return std::nullopt;
}

}  // namespace bench
