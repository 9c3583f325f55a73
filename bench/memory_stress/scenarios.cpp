#include "memory_stress/scenarios.hpp"

#include <array>

namespace bench {

namespace {

constexpr std::array kPlans{
    ScenarioPlan{"mixed-load",
                 "80 % point reads, 10 % range scans, 10 % durable updates, sorts and large rows among them", mixedLoad,
                 28, true},
    ScenarioPlan{"pool-exhaustion", "three threads for each handle, 2 ms of patience", poolExhaustion, 5, false},
    ScenarioPlan{"large-rows", "rows that take up to a quarter of the budget", largeRows, 6, false},
    ScenarioPlan{"sorts-and-joins", "scans, sorts, groups and joins of more than fits, while others write",
                 sortsAndJoins, 12, false},
    ScenarioPlan{"statement-storm", "thousands of distinct texts", statementStorm, 5, false},
    ScenarioPlan{"cache-storm", "repositories whose caches want more than there is", cacheStorm, 6, false},
    ScenarioPlan{"connection-churn", "pools, leases and aged handles come and go", connectionChurn, 5, false},
    ScenarioPlan{"many-databases", "as many databases as handles, and one more that comes and goes", manyDatabases, 5,
                 false},
    ScenarioPlan{"lowered-limit", "the limit falls to three quarters and rises again", loweredLimit, 6, false},
    ScenarioPlan{"allocation-failure", "allocations of SQLite and of C++ fail at random", allocationFailure, 6, false},
    ScenarioPlan{"leak-loop", "leases, errors, exceptions, rolled back work", leakLoop, 16, true},
    ScenarioPlan{"soak", "the mixed load, housekeeping two minutes to the second", soak, 0, true},
};

}  // namespace

std::span<const ScenarioPlan> scenarioPlans() { return kPlans; }

}  // namespace bench
