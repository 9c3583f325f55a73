#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/json_fwd.hpp>

namespace holdfast::testing {

/// What went wrong at a point.
enum class Verdict : std::uint8_t {
  Lost,         ///< An acknowledged transaction is not there; where a suffix may be lost: one that is none.
  Phantom,      ///< One is there that was never begun, or twice.
  Resurrected,  ///< One is there that was reported as not committed.
  Torn,         ///< The invariant does not hold.
  Corrupt,      ///< SQLite cannot open or read the database, or integrity_check finds faults.
  NotHealed,    ///< The work failed although no call failed any more.
  Leaked,       ///< Files or memory of SQLite's are still in use after the work.
  Failed,       ///< Set-up, work on a disk that was well, or restart threw.
};
inline constexpr std::size_t kVerdicts = 8;

std::string_view toText(Verdict verdict) noexcept;

/// One point at which something went wrong.
struct Finding {
  Verdict verdict;
  std::string point;  ///< Replays it alone: RunOptions::only, or HOLDFAST_FAULT_POINT in the environment.
  std::string what;
};

/// What a set of runs found.
struct FaultReport {
  std::uint64_t points = 0;        ///< Tried.
  std::uint64_t runs = 0;          ///< Of the work.
  std::uint64_t operations = 0;    ///< Changes of files recorded, or calls that could fail.
  std::uint64_t acknowledged = 0;  ///< Transactions that were reported as committed.
  std::uint64_t lostSuffix = 0;    ///< Points at which acknowledged ones were lost that may be.
  std::uint64_t secondCuts = 0;    ///< Points at which the restart was cut short, too.
  std::uint64_t faults = 0;        ///< Calls or allocations that failed.
  /// Another point was to be replayed, one that these runs do not have: nothing was tried.
  bool skipped = false;
  double seconds = 0;
  std::array<std::uint64_t, kVerdicts> counts{};  ///< By verdict.
  std::vector<Finding> findings;                  ///< The first ones.
  /// Where one power cut is replayed alone: the changes of files up to it, one a line, the last one under way.
  std::vector<std::string> trace;

  bool ok() const noexcept;
  void add(Verdict verdict, const std::string& point, std::string what);
  /// One line, and one for each finding.
  std::string text() const;
};

Json toJson(const FaultReport& report);

}  // namespace holdfast::testing
