#pragma once

#include "memory_stress/scenario.hpp"

namespace bench {

/// What a scenario whose load never changes has to keep: resident memory without a slope; files, threads and handles
/// constant.
std::vector<Verdict> judgeFlatness(const ScenarioResult& scenario);

}  // namespace bench
