#include "testing/runner.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <holdfast/error.hpp>
#include <holdfast/testing/allocation_faults.hpp>

namespace holdfast::testing {
namespace {

const Scenario& checked(const Scenario& scenario) {
  const char* missing = !scenario.setUp       ? "setUp"
                        : !scenario.work      ? "work"
                        : !scenario.invariant ? "invariant"
                                              : nullptr;
  if (missing != nullptr) throw Error(ErrorCode::InvalidArgument, std::string("the scenario has no ") + missing);
  if (scenario.name.empty() || scenario.name.find_first_of(" :/") != std::string::npos) {
    throw Error(ErrorCode::InvalidArgument,
                "the scenario's name \"" + scenario.name + "\" is empty or holds a blank, a colon or a slash");
  }
  return scenario;
}

std::optional<PointId> pointToReplay(const Scenario& scenario, const RunOptions& options) {
  std::string_view id = options.only;
  const char* const fromOutside = std::getenv("HOLDFAST_FAULT_POINT");
  const std::string prefix = scenario.name + "/";
  if (id.empty() && fromOutside != nullptr && std::string_view(fromOutside).starts_with(prefix)) id = fromOutside;
  if (id.empty()) return std::nullopt;
  return parsePoint(scenario.name, id);
}

}  // namespace

/// SplitMix64's output function (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
std::uint64_t mixed(std::uint64_t seed, std::uint64_t number) noexcept {
  std::uint64_t z = seed * 0x9E3779B97F4A7C15 + number + 1;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

// The set-up comes before the disk: holdfast configures SQLite when it is first used, and afterwards it is too late.
Runner::Runner(const Scenario& wanted, const RunOptions& options)
    : scenario(checked(wanted)),
      options_(options),
      workspace_(options.directory),
      limit_(options.timeLimit, workspace_.path()),
      only_(pointToReplay(wanted, options)) {
  const std::string directory = workspace_.directory("setup");
  if (only_ && only_->kind == "setUp") ++report.points;
  try {
    scenario.setUp(Workspace::databaseIn(directory));
    made_ = readFiles(directory);
    ready_ = true;
  } catch (const std::exception& failure) {
    report.add(Verdict::Failed, name("setUp"), failure.what());
  }
  disk_.emplace();
}

std::optional<PointId> Runner::only(std::string_view kind) const {
  return ready_ && only_ && only_->kind == kind ? only_ : std::nullopt;
}

bool Runner::isEnough() const noexcept { return report.findings.size() >= options_.enough; }

std::string Runner::place(const std::string& directory, const Files& files) const {
  const std::string path = workspace_.directory(directory);
  writeFiles(path, files);
  return path;
}

bool Runner::work(Attempt& attempt, bool isWell, const std::string& point) {
  bool ended = false;
  const std::int64_t before = sqlite3_memory_used();
  try {
    scenario.work(attempt);
    ended = true;
  } catch (const std::exception& failure) {
    if (attempt.isHealed()) {
      report.add(Verdict::NotHealed, point, failure.what());
    } else if (isWell) {
      report.add(Verdict::Failed, point, failure.what());
    }
  }
  disk_->heal();
  AllocationFaults::stop();
  ++report.runs;
  if (disk_->openFiles() != 0) {
    report.add(Verdict::Leaked, point, std::to_string(disk_->openFiles()) + " files are still open after the work");
  } else if (const std::int64_t more = sqlite3_memory_used() - before; more > 0) {
    report.add(Verdict::Leaked, point, std::to_string(more) + " bytes of SQLite's memory are in use after the work");
  }
  return ended;
}

bool Runner::restart(const std::string& database, const std::string& point) {
  if (!scenario.restart) return true;
  try {
    scenario.restart(database);
    return true;
  } catch (const std::exception& failure) {
    report.add(Verdict::Failed, point, std::string("restart: ") + failure.what());
    return false;
  }
}

void Runner::look(const std::string& database, const Oracle& oracle, std::size_t position, const std::string& point) {
  const Inspection inspection = inspect(scenario, database);
  if (inspection.fault) {
    report.add(inspection.fault->first, point, inspection.fault->second);
  } else if (scenario.committed) {
    const Oracle::Answer answer = oracle.judge(inspection.committed, position);
    if (answer.fault) report.add(answer.fault->first, point, answer.fault->second);
    if (answer.lostSuffix) ++report.lostSuffix;
  }
}

void Runner::point(const std::string& id, const std::function<void(const std::string& id)>& body) {
  const std::string full = name(id);
  limit_.begin(full);
  try {
    body(full);
  } catch (const std::exception& failure) {
    report.add(Verdict::Failed, full, failure.what());
  }
  limit_.end();
  progress();
}

void Runner::progress() {
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  if (options_.progress) options_.progress(report);
}

FaultReport Runner::finish() {
  report.skipped = only_ && report.points == 0 && report.runs == 0 && report.ok();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  return std::move(report);
}

}  // namespace holdfast::testing
