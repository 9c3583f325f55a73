#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <holdfast/units.hpp>

namespace bench {

struct Options {
  std::string directory = ".";
  std::int64_t limit = 4 * holdfast::MiB;
  std::size_t handles = 8;
  std::size_t threads = 8;
  std::int64_t size = 256 * holdfast::MiB;
  /// Of all measuring together; filling and checking the database come on top.
  std::chrono::milliseconds duration = std::chrono::seconds{30};
  std::string json;
  bool quiet = false;
  bool keep = false;

  std::string databasePath() const { return directory + "/memory_stress.db"; }
};

/// Reads the command line. Gives the exit code where the program should end at once: 0 after --help, 2 for bad usage.
std::optional<int> parseOptions(int argc, char** argv, Options& options);

}  // namespace bench
