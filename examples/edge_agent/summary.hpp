#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "figures.hpp"

namespace edge_agent {

/// The readable end of a run, on standard output.
void printSummary(const Figures& figures);

/// The same for machines: the agent's own figures, and under "pool" the library's.
nlohmann::json toJson(const Figures& figures);
/// Writes it beside and renames, so that a reader never sees half of it. Throws std::system_error.
void writeMetrics(const Figures& figures, const std::string& path);

}  // namespace edge_agent
