#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "memory/sweep_world.hpp"
#include "support/allocation_faults.hpp"

namespace holdfast::test {

/// A piece of work whose allocations are made to fail one after another, in a world of its own each time.
struct Scenario {
  const char* name;
  /// With memory.
  void (*prepare)(World& world);
  /// Without. Throws Error, or std::bad_alloc.
  void (*attempt)(World& world);
  /// Only SQLite's allocations fail: what the work hands out or takes are trees of nlohmann_json, whose destructor
  /// allocates, so that the process ends where operator new fails (json_value::destroy() in nlohmann_json 3.11).
  bool onlySqlite = false;
};

std::span<const Scenario> poolScenarios();
std::span<const Scenario> writeScenarios();
std::span<const Scenario> repositoryScenarios();
/// All of them.
std::vector<Scenario> allScenarios();

/// Which allocations fail, and how.
struct SweepPlan {
  AllocationKind kind = AllocationKind::Any;
  FaultMode mode = FaultMode::Once;
  /// Every so many: 1 tries each single one.
  std::int64_t stride = 1;
  /// The first one.
  std::int64_t from = 0;
  /// Ends after this one: the point is tried alone, with its stack on standard error.
  bool only = false;
};

/// The ways in which its allocations are made to fail: one of all, all from one on, and the same of each kind alone.
std::vector<SweepPlan> plansFor(const Scenario& scenario, std::int64_t stride);

/// What a sweep has seen. Lives in memory that a child shares with its parent, so that it outlives a crash.
struct SweepResult {
  static constexpr std::size_t kCodes = static_cast<std::size_t>(ErrorCode::Internal) + 1;
  std::int64_t points = 0;                   ///< Allocations that were made to fail, one world each.
  std::int64_t succeeded = 0;                ///< Of these, worlds in which the work succeeded all the same, ...
  std::int64_t badAlloc = 0;                 ///< ... ended in std::bad_alloc, ...
  std::array<std::int64_t, kCodes> codes{};  ///< ... and ended in an Error, by code.
  std::int64_t problems = 0;
  std::array<std::array<char, 240>, 12> texts{};  ///< Of the first problems.
  std::int64_t at = 0;                            ///< The point that is being tried.
  bool finished = false;
};

/// Tries every point of the scenario, in a child process. A crash is a problem, after which the sweep goes on.
SweepResult sweep(const Scenario& scenario, const SweepPlan& plan);

/// One line of figures, and one for each problem.
std::string toText(const Scenario& scenario, const SweepPlan& plan, const SweepResult& result);

}  // namespace holdfast::test
