#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace holdfast::test {

struct StorageReport {
  bool possible = true;  ///< The system lets a small file system be mounted.
  std::uint64_t rounds = 0;
  std::int64_t acknowledged = 0;
  std::int64_t refused = 0;  ///< Writes, while the storage was full, read-only or away.
  std::vector<std::string> faults;

  bool ok() const noexcept { return faults.empty() && (!possible || (rounds > 0 && refused > 0)); }
};

/// A medium that fills up, takes no writes, and is taken away and put back, in turns, while rows are written. Reads go on,
/// no write is acknowledged that is not there afterwards, and writes go on by themselves. Mounts in a mount namespace of
/// the process's own. `progress` is called after each round.
StorageReport runStorage(std::uint64_t rounds, std::uint64_t seed,
                         const std::function<void(std::uint64_t)>& progress = {});

}  // namespace holdfast::test
