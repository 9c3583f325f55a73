#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace holdfast::test {

struct KillReport {
  int kills = 0;
  std::int64_t acknowledged = 0;
  std::int64_t sharedCommits = 0;            ///< At least so many.
  int lost = 0;                              ///< Acknowledged transactions that are not there.
  int torn = 0;                              ///< That are there by halves.
  int corrupt = 0;                           ///< Databases in which integrity_check finds faults.
  int phantom = 0;                           ///< That nobody wrote.
  int ended = 0;                             ///< Children that ended by themselves, of an error.
  std::vector<double> recoveryMilliseconds;  ///< Opening a pool and reading, after a kill.

  bool ok() const noexcept { return lost + torn + corrupt + phantom + ended == 0 && acknowledged > 0; }
  double slowestRecovery() const noexcept;
};

/// Kills processes in which 8 threads commit in groups, and looks at what each leaves behind. The calling process must
/// have no threads. `progress` is called after each kill.
KillReport runKills(int kills, std::uint64_t seed, const std::function<void(const KillReport&)>& progress = {});

}  // namespace holdfast::test
