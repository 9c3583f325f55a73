#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "support/rounds.hpp"
#include "support/section_plan.hpp"

namespace bench {

struct Options : SectionOptions {
  RoundPlan plan;
  std::int64_t rows = 10'000;
  std::vector<std::size_t> threads = {1, 2, 8};
};

/// Reads the command line. Gives the exit code where the program should end at once: 0 after --help, 2 for bad usage.
std::optional<int> parseOptions(int argc, char** argv, Options& options);

}  // namespace bench
