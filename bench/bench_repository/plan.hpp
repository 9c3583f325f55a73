#pragma once

#include <array>
#include <vector>

#include "bench_repository/options.hpp"
#include "support/section_plan.hpp"

namespace bench {

/// One row by its key.
std::vector<Section> measureFindById(const Bench& bench);
/// The same where the cache has it.
std::vector<Section> measureCacheHits(const Bench& bench);
/// 1,000 rows into structs.
std::vector<Section> measureFindMany(const Bench& bench);
/// Many rows in one durable transaction.
std::vector<Section> measureCreateMany(const Bench& bench);
/// One column of a row by its key, with and without a sync a commit.
std::vector<Section> measureUpdate(const Bench& bench);
/// A row by its key, the same.
std::vector<Section> measureRemove(const Bench& bench);

inline constexpr std::array kSections{
    SectionPlan{"find-by-id", measureFindById}, SectionPlan{"cached", measureCacheHits},
    SectionPlan{"find-many", measureFindMany},  SectionPlan{"create-many", measureCreateMany},
    SectionPlan{"update", measureUpdate},       SectionPlan{"remove", measureRemove}};

}  // namespace bench
