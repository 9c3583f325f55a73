#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "bench_pool/section.hpp"

namespace bench {

/// Everything that was measured, round by round.
nlohmann::ordered_json reportJson(const Options& options, const std::vector<Section>& sections);

}  // namespace bench
