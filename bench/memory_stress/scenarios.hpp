#pragma once

#include <span>

#include "memory_stress/scenario.hpp"

namespace bench {

/// Every thread does the mixed load.
Scenario mixedLoad(const Setting& setting);
/// Three threads for each handle, and little patience: being refused in time is right, anything else is not.
Scenario poolExhaustion(const Setting& setting);
/// Rows and blobs that each take up to a quarter of the budget, written and read by all threads at once.
Scenario largeRows(const Setting& setting);
/// Scans, sorts, groups and joins of more than fits, while others write.
Scenario sortsAndJoins(const Setting& setting);
/// Thousands of distinct texts.
Scenario statementStorm(const Setting& setting);
/// Repositories whose caches want more than there is.
Scenario cacheStorm(const Setting& setting);
/// Pools and leases come and go, and handles age.
Scenario connectionChurn(const Setting& setting);
/// A pool each for as many databases as there are handles, and one more that comes and goes.
Scenario manyDatabases(const Setting& setting);
/// The mixed load, while a second pool with a smaller limit comes and goes.
Scenario loweredLimit(const Setting& setting);
/// Allocations of SQLite and of C++ fail at random, in a process of their own.
Scenario allocationFailure(const Setting& setting);
/// Everything that can go wrong in a program does, again and again.
Scenario leakLoop(const Setting& setting);
/// The mixed load, while the pool's clock runs faster than the real one.
Scenario soak(const Setting& setting);

/// All of them, in the order in which they run.
std::span<const ScenarioPlan> scenarioPlans();

}  // namespace bench
