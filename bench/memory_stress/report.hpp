#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "memory_stress/verdict.hpp"

namespace bench {

/// Prints the run for people, on standard output.
void printReport(const Run& run, const std::vector<Verdict>& verdicts);

/// Everything that was measured, samples included.
nlohmann::ordered_json reportJson(const Run& run, const std::vector<Verdict>& verdicts);

}  // namespace bench
