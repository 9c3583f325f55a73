#pragma once

#include <array>
#include <vector>

#include "bench_pool/options.hpp"
#include "support/section_plan.hpp"

namespace bench {

/// Leasing and giving back, beside two minimal pools and a bare point read.
std::vector<Section> measureAcquire(const Bench& bench);
/// Point reads by primary key, for each number of threads.
std::vector<Section> measurePointRead(const Bench& bench);
/// Single-row inserts, with and without a sync a commit.
std::vector<Section> measureInsert(const Bench& bench);
/// Opening and closing.
std::vector<Section> measureOpen(const Bench& bench);

inline constexpr std::array kSections{SectionPlan{"acquire", measureAcquire}, SectionPlan{"read", measurePointRead},
                                      SectionPlan{"insert", measureInsert}, SectionPlan{"open", measureOpen}};

}  // namespace bench
