#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "memory_stress/monitor.hpp"
#include "memory_stress/scenario.hpp"

namespace bench {

/// The mixed load within one budget.
struct BudgetTrial {
  std::int64_t limit = 0;
  bool works = false;  ///< Nothing refused, nothing else wrong, the heap within the budget.
  LoadResult load;
};

struct SmallestBudget {
  std::vector<BudgetTrial> trials;  ///< In the order in which they were made.
  std::int64_t smallest = 0;        ///< 0: none was found.
};

/// Tries ever smaller budgets than the one of the run (larger ones where that does not work), each in a fresh process, then halves what lies between the smallest that works and the
/// largest that does not until that is an eighth. What works is tried once more. `duration` is about that of all.
SmallestBudget findSmallestBudget(const Setting& setting, std::chrono::milliseconds duration, Monitor& monitor);

}  // namespace bench
