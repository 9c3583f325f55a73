#pragma once

#include <optional>
#include <span>
#include <string>

#include "support/section_plan.hpp"

namespace CLI {
class App;
}

namespace bench {

/// --directory, --json, --quiet, and `choice` for the sections to run.
void addSectionOptions(CLI::App& app, const char* choice, std::span<const SectionPlan> plans, SectionOptions& options);

/// An option that names a file to write; that its directory is there is found out before the measuring.
void addFileOption(CLI::App& app, const std::string& name, std::string& target, const std::string& help);

/// Reads the command line. Gives the exit code where the program should end at once: 0 after --help, 2 for bad usage.
std::optional<int> parseCommandLine(CLI::App& app, int argc, char** argv);

}  // namespace bench
