#pragma once

#include <optional>
#include <string>
#include <vector>

#include "support/rounds.hpp"

namespace bench {

struct Options {
  std::string directory = ".";
  /// For what one or two threads do.
  RoundPlan calm;
  /// For many writers at once: long enough for the longest waits to show.
  RoundPlan crowded{7, std::chrono::seconds{3}};
  /// Short rounds, to see that everything works.
  bool quick = false;
  /// Sections to run; empty: all.
  std::vector<std::string> sections;
  std::string json;
  bool quiet = false;
};

/// Reads the command line. Gives the exit code where the program should end at once: 0 after --help, 2 for bad usage.
std::optional<int> parseOptions(int argc, char** argv, Options& options);

}  // namespace bench
