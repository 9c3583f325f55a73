#pragma once

#include <chrono>
#include <optional>

#include "support/rounds.hpp"
#include "support/section_plan.hpp"

namespace bench {

struct Options : SectionOptions {
  /// For what one or two threads do.
  RoundPlan calm;
  /// For many writers at once: long enough for the longest waits to show.
  RoundPlan crowded{7, std::chrono::seconds{3}};
  /// Short rounds, to see that everything works.
  bool quick = false;
};

/// Reads the command line. Gives the exit code where the program should end at once: 0 after --help, 2 for bad usage.
std::optional<int> parseOptions(int argc, char** argv, Options& options);

}  // namespace bench
