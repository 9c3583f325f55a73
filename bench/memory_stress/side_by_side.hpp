#pragma once

#include <vector>

#include "memory_stress/bare_child.hpp"
#include "memory_stress/scenario.hpp"

namespace bench {

/// The mixed load through the pool within its budget, and on bare SQLite handles without one, in turns.
struct SideBySide {
  std::vector<double> ours;  ///< Operations a second, one figure a turn.
  std::vector<double> bare;
  double ratio = 0;  ///< Median of the turns' ours / bare.
  Tally tally;       ///< Ours.
  std::int64_t oursHeapPeakBytes = 0;
  BareSlice bareTotal;  ///< All turns of the bare side; latencies of the last one.
  BareSlice limited;    ///< The bare side once more, under our budget as SQLite's hard heap limit.
};

SideBySide runSideBySide(const Setting& setting, BareChild& child, std::chrono::milliseconds duration,
                         Monitor& monitor);

}  // namespace bench
