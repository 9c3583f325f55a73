#pragma once

#include <cstdint>
#include <optional>

#include "support/rounds.hpp"
#include "support/section_plan.hpp"

namespace bench {

struct Options : SectionOptions {
  RoundPlan plan;
  /// Of the table that is read and updated.
  std::int64_t rows = 10'000;
  /// Rows of one createMany().
  std::int64_t batch = 100'000;
  /// Rows that there are to be removed; made anew where they run out.
  std::int64_t removable = 200'000;
  /// Few and short rounds, to see that everything works.
  bool quick = false;
};

/// Reads the command line. Gives the exit code where the program should end at once: 0 after --help, 2 for bad usage.
std::optional<int> parseOptions(int argc, char** argv, Options& options);

}  // namespace bench
