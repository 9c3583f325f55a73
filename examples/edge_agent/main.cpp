// edge_agent: records this machine's counters in an SQLite database, raises alarms, answers queries meanwhile.
//
// Read on at agent.hpp (what runs), store.cpp (the database), recorder.cpp (one source, one transaction a look).

#include <unistd.h>
#include <csignal>
#include <ctime>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <CLI/CLI.hpp>

#include <holdfast/error.hpp>

#include "agent.hpp"
#include "config.hpp"
#include "format.hpp"
#include "json_section.hpp"
#include "progress.hpp"
#include "summary.hpp"

namespace edge_agent {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct Options {
  std::string config;
  std::string directory = ".";
  std::optional<std::chrono::milliseconds> duration;
  std::string acknowledge;
  bool quiet = false;
};

/// The options, or the exit code where there is nothing to run.
std::variant<Options, int> parseCommandLine(int argc, char** argv) {
  Options options;
  CLI::App app("Records this machine's counters in an SQLite database.");
  app.add_option("--config", options.config, "JSON file; without it the defaults");
  app.add_option("--directory", options.directory, "where edge_agent.db is; made where it is missing");
  app.add_option_function<std::string>(
      "--duration",
      [&options](const std::string& text) {
        std::chrono::milliseconds duration{};
        if (!parseDuration(text, duration))
          throw CLI::ValidationError("--duration", "\"" + text + "\" is not like 45s");
        options.duration = duration;
      },
      "how long to run, such as 45s or 10min; without it until SIGTERM or SIGINT");
  app.add_option("--acknowledge", options.acknowledge, "append each committed batch to this file");
  app.add_flag("--quiet", options.quiet, "say nothing but errors");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return options;
}

/// Waits for the signals that end the agent. They are blocked in every thread and taken here, so nothing ever runs in a
/// signal handler.
class EndSignals {
 public:
  /// Before the first thread starts: threads inherit what is blocked.
  EndSignals() {
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // A closed terminal ends the output and not the recording.
  }
  /// True when one has come; false after `timeout`.
  bool waitFor(std::chrono::milliseconds timeout) const {
    const timespec limit{.tv_sec = timeout.count() / 1000, .tv_nsec = timeout.count() % 1000 * 1'000'000};
    return sigtimedwait(&set_, nullptr, &limit) > 0;
  }

 private:
  sigset_t set_{};
};

void printStart(const Agent::Start& start) {
  std::printf("edge_agent: run %lld in %s (SQLite %s, journal %s%s)\n", static_cast<long long>(start.run.id),
              start.opened.database.c_str(), start.opened.sqliteVersion.c_str(), start.opened.journalMode.c_str(),
              start.opened.created ? ", new" : "");
  for (const std::string& warning : start.opened.warnings) std::printf("edge_agent: note: %s\n", warning.c_str());
  if (!start.run.previous) return;
  const PreviousRun& previous = *start.run.previous;
  std::printf("edge_agent: run %lld, of %s, %s %s; the database has %lld readings of it in %lld batches%s\n",
              static_cast<long long>(previous.id), formatTime(previous.startedAt).c_str(),
              previous.clean ? "ended cleanly at" : "did NOT end cleanly: its last batch is of",
              formatTime(previous.endedAt).c_str(), static_cast<long long>(previous.readings),
              static_cast<long long>(previous.batches),
              start.opened.recoveredLog ? "; its write-ahead log was taken over" : "");
}

void watch(const Agent& agent, const EndSignals& signals, const Options& options) {
  using Style = Progress::Style;
  Progress progress(options.quiet ? Style::Quiet : isatty(STDOUT_FILENO) != 0 ? Style::Terminal : Style::Lines);
  const auto start = std::chrono::steady_clock::now();
  while (!agent.failed()) {
    auto pause = std::chrono::milliseconds{200};
    if (options.duration) {
      const auto left = start + *options.duration - std::chrono::steady_clock::now();
      if (left <= left.zero()) break;
      pause = std::min(pause, std::chrono::ceil<std::chrono::milliseconds>(left));
    }
    if (signals.waitFor(pause)) break;
    if (progress.isDue()) progress.update(agent.figures());
  }
  progress.finish();
}

int run(const Options& options) {
  const std::filesystem::path directory = options.directory;
  AgentConfig config = loadConfig(options.config, (directory / "edge_agent.db").string());
  std::filesystem::create_directories(directory);

  const EndSignals signals;
  Agent agent(std::move(config), options.acknowledge);
  const Agent::Start start = agent.start();
  if (!options.quiet) printStart(start);
  watch(agent, signals, options);

  const Figures figures = agent.stop();
  if (!options.quiet) printSummary(figures);
  writeMetrics(figures, (directory / "edge_agent_metrics.json").string());
  return figures.clean ? 0 : kExitFailed;
}

}  // namespace
}  // namespace edge_agent

int main(int argc, char** argv) {
  const auto options = edge_agent::parseCommandLine(argc, argv);
  if (const int* exitCode = std::get_if<int>(&options)) return *exitCode;
  try {
    return edge_agent::run(std::get<edge_agent::Options>(options));
  } catch (const edge_agent::ConfigError& error) {
    std::fprintf(stderr, "edge_agent: %s\n", error.what());
    return edge_agent::kExitUsage;
  } catch (const holdfast::Error& error) {
    const std::string next(toText(error.recovery()));
    std::fprintf(stderr, "edge_agent: %s\nedge_agent: what helps: %s\n", error.what(), next.c_str());
    return edge_agent::kExitFailed;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "edge_agent: %s\n", error.what());
    return edge_agent::kExitFailed;
  }
}
