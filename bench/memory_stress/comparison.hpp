#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "memory_stress/load_request.hpp"
#include "memory_stress/monitor.hpp"
#include "memory_stress/scenario.hpp"

namespace bench {

/// One of those that do the same load in turns.
struct Entrant {
  std::string name;
  std::vector<double> perSecond;  ///< One figure a turn.
  LoadResult total;               ///< Of all turns; latencies of the last one.
};

/// The mixed load in turns, each turn in a fresh process.
struct Comparison {
  Entrant budget;                   ///< The pool within the budget.
  Entrant unlimited;                ///< The pool without one.
  Entrant bare;                     ///< Bare handles with SQLite's default caches and no limit, ...
  Entrant limited;                  ///< ... and with the budget as SQLite's hard limit.
  std::vector<double> toUnlimited;  ///< budget / unlimited, turn by turn.
  std::vector<double> toBare;       ///< budget / bare.
};

/// The time is that of all turns together.
Comparison runComparison(const Setting& setting, std::chrono::milliseconds duration, Monitor& monitor);

/// What one bare handle can do under the budget as SQLite's hard limit: each kind of statement, several times.
struct SingleHandle {
  LoadResult plain;  ///< With SQLite's defaults.
  LoadResult tuned;  ///< For little memory.

  /// Whether one of them was not refused it, or it was not tried. `kind` is a Kind's index.
  bool can(std::size_t kind) const;
};
SingleHandle trySingleHandle(const Setting& setting);

}  // namespace bench
