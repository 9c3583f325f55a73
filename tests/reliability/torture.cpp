// Puts holdfast under everything that takes data from databases and prints what became of it, row by row.
//
//   torture [--row NAME]... [--share PERCENT] [--seed N] [--json FILE] [--list]
//
// HOLDFAST_FAULT_POINT in the environment, with --row, replays one point of that row. Exit code 1: a row found something; 2: a wrong
// argument.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "reliability/torture_rows.hpp"

using namespace holdfast::test;

namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::vector<std::string> rows;
  std::uint64_t share = 100;
  std::uint64_t seed = 1;
  std::string json;
  bool list = false;
};

[[noreturn]] void refuse(const std::string& what) {
  std::fprintf(stderr,
               "torture: %s\nusage: torture [--row NAME]... [--share PERCENT] [--seed N] [--json FILE] [--list]\n",
               what.c_str());
  std::exit(2);
}

std::uint64_t number(const std::string& name, const std::string& text) {
  const std::uint64_t value = std::strtoull(text.c_str(), nullptr, 10);
  if (value == 0) refuse(name + " is \"" + text + "\"; it must be a number above zero");
  return value;
}

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--list") {
      options.list = true;
      continue;
    }
    if (i + 1 == arguments.size()) refuse(name + " is not known, or its value is missing");
    const std::string& value = arguments[++i];
    if (name == "--row") {
      const auto& all = tortureRows();
      if (std::none_of(all.begin(), all.end(), [&](const TortureRow& row) { return row.name == value; })) {
        refuse("there is no row \"" + value + "\"; see --list");
      }
      options.rows.push_back(value);
    } else if (name == "--share") {
      options.share = number(name, value);
    } else if (name == "--seed") {
      options.seed = number(name, value);
    } else if (name == "--json") {
      options.json = value;
    } else {
      refuse(name + " is not known");
    }
  }
  return options;
}

/// On a terminal, once a second.
class Progress {
 public:
  Progress(std::string row, std::uint64_t points) : row_(std::move(row)), points_(points) {}
  void operator()(std::uint64_t points) {
    if (::isatty(STDERR_FILENO) == 0 || SteadyClock::now() < next_) return;
    next_ = SteadyClock::now() + std::chrono::seconds{1};
    const std::string of = points_ == 0 ? "" : " of " + std::to_string(points_);
    std::fprintf(stderr, "\r%s: %llu%s  ", row_.c_str(), static_cast<unsigned long long>(points), of.c_str());
  }

 private:
  std::string row_;
  std::uint64_t points_;
  SteadyClock::time_point next_{};
};

nlohmann::json runHere(const TortureRow& row, const Options& options) {
  RowPlan plan;
  plan.points = row.points == 0 ? 0 : std::max<std::uint64_t>(1, row.points * options.share / 100);
  plan.seed = options.seed;
  plan.progress = Progress(row.name, plan.points);
  RowResult result;
  try {
    result = row.run(plan);
  } catch (const std::exception& failure) {
    result.summary = failure.what();
  }
  return {{"ok", result.ok}, {"points", result.points}, {"summary", result.summary}, {"report", result.json}};
}

/// What SQLite says of damaged files need not be UTF-8.
std::string textOf(const nlohmann::json& json, int indent = -1) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// In a process of its own: a hang or a crash ends the row and not the table.
nlohmann::json run(const TortureRow& row, const Options& options) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) refuse("no pipe");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    const std::string text = textOf(runHere(row, options));
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t written = ::write(ends[1], text.data() + at, text.size() - at);
      if (written <= 0) ::_exit(1);
      at += static_cast<std::size_t>(written);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> block{};
  for (ssize_t got = 0; (got = ::read(ends[0], block.data(), block.size())) > 0;) {
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  nlohmann::json result = nlohmann::json::parse(text, nullptr, false);
  if (!result.is_discarded()) return result;
  constexpr int kHung = 70;
  const bool hung = WIFEXITED(status) && WEXITSTATUS(status) == kHung;
  return {{"ok", false}, {"points", 0}, {"summary", hung ? "hung" : "crashed"}, {"report", nullptr}};
}

void list() {
  for (const TortureRow& row : tortureRows()) {
    std::printf("%-12s %8llu  %s\n", row.name.c_str(), static_cast<unsigned long long>(row.points), row.what.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse({argv + 1, argv + argc});
  if (options.list) {
    list();
    return 0;
  }
  bool ok = true;
  nlohmann::json all = nlohmann::json::array();
  for (const TortureRow& row : tortureRows()) {
    const bool asked = std::find(options.rows.begin(), options.rows.end(), row.name) != options.rows.end();
    if (!options.rows.empty() && !asked) continue;
    const auto start = SteadyClock::now();
    nlohmann::json result = run(row, options);
    const std::chrono::duration<double> took = SteadyClock::now() - start;
    result["row"] = row.name;
    result["what"] = row.what;
    result["seconds"] = took.count();
    ok = ok && result["ok"].get<bool>();
    std::printf("%s%-12s %-48s %9llu  %s  %6.1f s\n    %s\n", ::isatty(STDERR_FILENO) != 0 ? "\r" : "",
                row.name.c_str(), row.what.c_str(), result["points"].get<unsigned long long>(),
                result["ok"].get<bool>() ? "ok    " : "FAILED", took.count(),
                result["summary"].get<std::string>().c_str());
    std::fflush(stdout);
    all.push_back(std::move(result));
  }
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << textOf(all, 2) << '\n';
    if (!file) refuse("\"" + options.json + "\" cannot be written");
  }
  return ok ? 0 : 1;
}
