#pragma once

#include <array>
#include <vector>

#include "bench_transactions/options.hpp"
#include "support/section_plan.hpp"

namespace bench {

/// Durable single rows from 16 threads.
std::vector<Section> measureDurable(const Bench& bench);
/// The same where every sync takes 5 ms more.
std::vector<Section> measureSlowSync(const Bench& bench);
/// Single rows from one thread, with and without a sync a commit.
std::vector<Section> measureSingle(const Bench& bench);
/// Entering and leaving savepoints, 1 to 8 deep.
std::vector<Section> measureSavepoints(const Bench& bench);
/// Point reads beside a writer that is idle, paced or flat out.
std::vector<Section> measureReads(const Bench& bench);
/// Bytes written for each row.
std::vector<Section> measureBytes(const Bench& bench);

inline constexpr std::array kSections{
    SectionPlan{"durable", measureDurable}, SectionPlan{"slow-sync", measureSlowSync},
    SectionPlan{"single", measureSingle},   SectionPlan{"savepoints", measureSavepoints},
    SectionPlan{"reads", measureReads},     SectionPlan{"bytes", measureBytes}};

}  // namespace bench
