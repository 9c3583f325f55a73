#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "support/rounds.hpp"

namespace bench {

struct Options {
  std::string directory = ".";
  RoundPlan plan;
  std::int64_t rows = 10'000;
  std::vector<std::size_t> threads = {1, 2, 8};
  /// Sections to run; empty: all.
  std::vector<std::string> only;
  std::string json;
  bool quiet = false;
};

/// Reads the command line. Gives the exit code where the program should end at once: 0 after --help, 2 for bad usage.
std::optional<int> parseOptions(int argc, char** argv, Options& options);

}  // namespace bench
