#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "support/progress.hpp"
#include "support/section.hpp"

namespace bench {

/// What every program that measures section by section is told.
struct SectionOptions {
  std::string directory = ".";
  /// Sections to run; empty: all.
  std::vector<std::string> sections;
  std::string json;
  bool quiet = false;
};

/// Each program's own: SectionOptions and more.
struct Options;

/// What a section works with. `directory` is its own and empty.
struct Bench {
  const Options& options;
  std::string directory;
  Progress& progress;
};

struct SectionPlan {
  const char* name;
  std::vector<Section> (*measure)(const Bench& bench);
};

/// Measures the sections that are wanted, prints each, and writes all of them down where `wanted.json` says so, beside
/// `settings`. The exit code of the program: 0, or 1 where something went wrong.
int measureSections(const char* program, std::span<const SectionPlan> plans, const SectionOptions& wanted,
                    const Options& options, const nlohmann::ordered_json& settings);

}  // namespace bench
