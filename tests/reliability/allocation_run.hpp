#pragma once

#include <cstdint>
#include <string>

#include <holdfast/testing/fault_runs.hpp>

#include "reliability/ledger.hpp"

namespace holdfast::test {

/// Fails SQLite's allocations, C++'s, and both counted together, once and for good, under the ledger's work; neither may
/// leave memory behind. For programs with support/allocation_faults.cpp.
testing::FaultReport runAllocations(const std::string& name, const LedgerOptions& options, std::int64_t step,
                                    const testing::RunOptions& run = {});

}  // namespace holdfast::test
