#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/testing/fault_runs.hpp>

#include "testing/oracle.hpp"
#include "testing/point_id.hpp"
#include "testing/time_limit.hpp"
#include "testing/workspace.hpp"

namespace holdfast::testing {

/// What all kinds of runs share: the scenario, its database as set up, scratch directories, the disk, the report.
class Runner {
 public:
  /// Carries out the set-up; where that fails the report has a finding and isReady() is false. Throws
  /// Error{InvalidArgument} for a scenario with missing parts.
  Runner(const Scenario& scenario, const RunOptions& options);

  const Scenario& scenario;
  FaultReport report;

  bool isReady() const noexcept { return ready_; }
  FaultyDisk& disk() noexcept { return *disk_; }
  std::string name(const std::string& point) const { return scenario.name + "/" + point; }
  /// Whether all points are to be tried, and not one alone.
  bool isAll() const noexcept { return ready_ && !only_; }
  /// The point to replay alone, where it is one of this kind.
  std::optional<PointId> only(std::string_view kind) const;
  /// Whether that is all: enough findings.
  bool isEnough() const noexcept;

  /// A directory with these files, or with what the set-up made.
  std::string place(const std::string& directory, const Files& files) const;
  std::string fresh(const std::string& directory) const { return place(directory, made_); }

  /// Runs the work. Where it throws although the disk is well (`isWell`, or it has been healed) that is a finding, and
  /// so is what it leaves open. Returns whether it went on to its end.
  bool work(Attempt& attempt, bool isWell, const std::string& point);
  /// Starts the application again, if it can. False where that failed, which is a finding.
  bool restart(const std::string& database, const std::string& point);
  /// Looks at a database and adds a finding where something is wrong.
  void look(const std::string& database, const Oracle& oracle, std::size_t position, const std::string& point);

  /// One point, under the time limit.
  void point(const std::string& id, const std::function<void(const std::string& id)>& body);
  FaultReport finish();

 private:
  void progress();

  const RunOptions& options_;
  Workspace workspace_;
  TimeLimit limit_;
  std::optional<PointId> only_;
  std::optional<FaultyDisk> disk_;
  Files made_;
  bool ready_ = false;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// A well-mixed number that follows from both.
std::uint64_t mixed(std::uint64_t seed, std::uint64_t number) noexcept;

}  // namespace holdfast::testing
