#pragma once

#include <optional>
#include <span>

#include "support/section_plan.hpp"

namespace CLI {
class App;
}

namespace bench {

/// --directory, --json, --quiet, and `choice` for the sections to run.
void addSectionOptions(CLI::App& app, const char* choice, std::span<const SectionPlan> plans, SectionOptions& options);

/// Reads the command line. Gives the exit code where the program should end at once: 0 after --help, 2 for bad usage.
std::optional<int> parseCommandLine(CLI::App& app, int argc, char** argv);

}  // namespace bench
