#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <holdfast/testing/allocation_faults.hpp>
#include <holdfast/testing/fault_report.hpp>
#include <holdfast/testing/faulty_disk.hpp>
#include <holdfast/testing/power_cut.hpp>
#include <holdfast/testing/scenario.hpp>

namespace holdfast::testing {

/// What every set of runs can be told.
struct RunOptions {
  /// Nothing but the point of this id, in a set of runs with the same scenario and options; where the set does not have
  /// it, FaultReport::skipped. Empty: that of HOLDFAST_FAULT_POINT where it begins with the scenario's name, else all. An
  /// id that no point can have is Error{InvalidArgument}.
  std::string only = {};
  /// Where scratch directories are made. Empty: the system's (TMPDIR). Memory (/dev/shm) is many times faster.
  std::string directory = {};
  /// The longest that one point may take: then its id is written to standard error and the process ends with code 70,
  /// because a thread that hangs cannot be stopped. Zero: no limit.
  std::chrono::milliseconds timeLimit = std::chrono::seconds{60};
  /// A set of runs ends after so many findings.
  std::uint64_t enough = 20;
  /// Called now and then with the report so far. May throw to end it.
  std::function<void(const FaultReport&)> progress = {};
};

/// What a power cut may take back.
enum class Loss : std::uint8_t {
  None,    ///< Nothing acknowledged.
  Suffix,  ///< The last transactions, acknowledged or not, but none before one that stays.
};

struct PowerCutOptions {
  /// Points to try. 0: each operation of one run, once.
  std::uint64_t cuts = 200;
  /// Points taken from one run of the work.
  std::uint64_t cutsPerRun = 100;
  std::uint64_t seed = 1;
  Device device = {};
  Loss loss = Loss::None;
  /// Every so manyth restart is cut short, too. 1: each; 0: none. Needs Scenario::restart.
  std::uint64_t secondCutEvery = 10;
  /// Failures that are met on the way, at most so many in a run. 0: none.
  std::uint64_t failuresOnTheWay = 0;
  RunOptions run = {};
};

/// Runs the work, recording what it asks of the disk; then cuts the power at random points of it, restarts and looks.
/// Nothing that fails is thrown, but for Error{InvalidArgument} where the scenario or the options make no sense.
FaultReport runPowerCuts(const Scenario& scenario, const PowerCutOptions& options = {});

struct FailingCallOptions {
  std::vector<Failure> failures{Failure::IoError, Failure::NoSpace, Failure::ReadOnly, Failure::FailedSync,
                                Failure::HalfWrite};
  bool once = true;     ///< One call fails.
  bool forGood = true;  ///< It and all after it fail, until the work heals the disk.
  /// Every so manyth call. 1: all.
  std::int64_t step = 1;
  std::int64_t first = 0;
  RunOptions run = {};
};

/// Runs the work with its first call failing, its second, and so on until a run ends unharmed.
FaultReport runFailingCalls(const Scenario& scenario, const FailingCallOptions& options = {});

struct FailingAllocationOptions {
  /// One series for each. Those of C++ (Cpp, and in Any) need a program whose operator new asks refusesAllocation().
  std::vector<AllocationKind> kinds{AllocationKind::Sqlite};
  bool once = true;
  bool forGood = true;
  std::int64_t step = 1;
  std::int64_t first = 0;
  RunOptions run = {};
};

/// The same with allocations. Throws Error{Misuse} where installAllocationFaults() was not called in time, and where those
/// of C++ are to fail and cannot.
FaultReport runFailingAllocations(const Scenario& scenario, const FailingAllocationOptions& options = {});

}  // namespace holdfast::testing
