#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "memory_stress/verdict.hpp"

namespace bench {

/// A table of text, for whatever shows it.
struct Grid {
  std::vector<std::string> headings;
  std::vector<std::vector<std::string>> rows;
};

Grid scenarioGrid(const Run& run);
Grid comparisonGrid(const Run& run);
Grid smallestGrid(const SmallestBudget& smallest);
/// What was run on what, in lines.
std::vector<std::string> headLines(const Run& run);

/// Prints the run for people, on standard output.
void printReport(const Run& run, const std::vector<Verdict>& verdicts);

/// Everything that was measured, samples included.
nlohmann::ordered_json reportJson(const Run& run, const std::vector<Verdict>& verdicts);

/// The run as one self-contained page, with plots over time.
std::string reportHtml(const Run& run, const std::vector<Verdict>& verdicts);

}  // namespace bench
