#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/units.hpp>

namespace bench {

/// Not a scenario, but chosen like one: the mixed load in turns through pools and on bare handles.
inline constexpr char kComparison[] = "comparison";
inline constexpr char kSoak[] = "soak";

struct Options {
  std::string directory = ".";
  std::int64_t limit = 4 * holdfast::MiB;
  std::size_t handles = 8;
  std::size_t threads = 8;
  /// Of the C library. Each grows to the worst moment of its threads and keeps that: with one for each thread resident
  /// memory goes on growing for hours. 0: as many as the C library likes.
  int mallocArenas = 1;
  std::int64_t size = 256 * holdfast::MiB;
  /// Of all measuring together; filling and checking the database come on top.
  std::chrono::milliseconds duration = std::chrono::seconds{30};
  std::vector<std::string> scenarios;  ///< What to run. Empty: the smallest budget is all that is asked for.
  bool findSmallest = false;
  std::uint64_t seed = 1;
  std::string json;
  std::string html;
  bool quiet = false;
  bool keep = false;

  std::string databasePath() const { return directory + "/memory_stress.db"; }
  bool runs(const std::string& name) const;
};

/// Reads the command line. Gives the exit code where the program should end at once: 0 after --help and --list, 2 for
/// bad usage.
std::optional<int> parseOptions(int argc, char** argv, Options& options);

}  // namespace bench
