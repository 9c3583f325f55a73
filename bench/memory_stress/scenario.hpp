#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/connection_pool.hpp>
#include <nlohmann/json.hpp>

#include "memory_stress/database.hpp"
#include "memory_stress/monitor.hpp"
#include "memory_stress/options.hpp"
#include "memory_stress/team.hpp"

namespace bench {

/// What the scenarios are made from.
struct Setting {
  const Options& options;
  const Database& database;
};

/// One kind of load, ready to run.
struct Scenario {
  std::vector<Role> roles;
  /// The pool it runs on; null where it opens its own. Closed when the scenario ends.
  std::shared_ptr<holdfast::ConnectionPool> pool;
};

/// Every thread does the mixed load.
Scenario mixedLoad(const Setting& setting);
/// Three threads for each handle, and little patience: being refused in time is right, anything else is not.
Scenario poolExhaustion(const Setting& setting);
/// Reads through the whole table, sorts and groups, while others write.
Scenario longScans(const Setting& setting);
/// Pools and leases come and go, and handles age.
Scenario connectionChurn(const Setting& setting);
/// Everything that can go wrong in a program does, again and again.
Scenario leakLoop(const Setting& setting);

struct ScenarioPlan {
  const char* name;
  const char* what;
  Scenario (*make)(const Setting& setting);
  int share;    ///< Of the whole duration, in percent.
  bool judged;  ///< Its load never changes, so its memory should not either.
};

struct ScenarioResult {
  std::string name;
  std::string what;
  bool judged = false;
  double seconds = 0;
  Tally tally;
  std::int64_t heapPeakBytes = 0;
  std::int64_t residentStartBytes = 0;
  std::int64_t residentEndBytes = 0;
  std::int64_t logPeakBytes = 0;
  std::vector<Sample> samples;
  nlohmann::ordered_json poolMetrics;  ///< Null where the scenario has no pool of its own.
  std::uint64_t poolRefusals = 0;      ///< Refusals for memory that the pool itself counted.
};

/// Makes it, runs it for its share of the duration and closes its pool. An error while closing is in the tally as
/// unexpected. Throws what `make` throws.
ScenarioResult runScenario(const ScenarioPlan& plan, const Setting& setting, Monitor& monitor);

}  // namespace bench
