#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace holdfast::test {

struct DamagedFilesReport {
  std::uint64_t files = 0;
  int crashed = 0;
  int hung = 0;
  int takenForNew = 0;  ///< A damaged or lost database in whose place an empty one was opened.
  int bytesLost = 0;    ///< The damaged file is neither where it was nor in quarantine.
  int notRestored = 0;  ///< A backup was there, and its rows are not.
  int leftDamaged = 0;  ///< Opened for writing, and plain SQLite finds it damaged afterwards.
  int wrongly = 0;      ///< What had to be refused was opened, or the other way round.
  int unnoticed = 0;    ///< Content was changed within a sound structure, which nothing tells. No fault.
  std::map<std::string, int> outcomes;
  std::vector<std::string> faults;  ///< One line for each.

  bool ok() const noexcept { return files > 0 && faults.empty(); }
  std::string text() const;
};

std::size_t kindsOfDamagedFiles();

/// Opens so many damaged or hostile files, each in a process of its own, with and without a backup, after a stop that was
/// clean and after one that was not; plain SQLite looks at what was left behind. The calling process must have no
/// threads. `progress` is called after each file.
DamagedFilesReport runDamagedFiles(std::uint64_t files, std::uint64_t seed,
                                   const std::function<void(std::uint64_t)>& progress = {});

}  // namespace holdfast::test
