#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <holdfast/connection_pool.hpp>
#include <nlohmann/json.hpp>

#include "memory_stress/database.hpp"
#include "memory_stress/load_request.hpp"
#include "memory_stress/monitor.hpp"
#include "memory_stress/options.hpp"
#include "memory_stress/team.hpp"
#include "support/fork_server.hpp"

namespace bench {

/// What the scenarios are made from.
struct Setting {
  const Options& options;
  const Database& database;
  ForkServer& server;
};

/// Something that had to hold.
struct Verdict {
  std::string name;
  bool held = false;
  std::string detail;
};

/// One kind of load, ready to run.
struct Scenario {
  std::vector<Role> roles;
  /// The pool it runs on; null where it opens its own. Watched meanwhile, and closed when the scenario ends.
  std::shared_ptr<holdfast::ConnectionPool> pool;
  /// Where it is set it does the load for so long, in another process, and there are no roles.
  std::function<LoadResult(std::chrono::milliseconds)> elsewhere;
  /// Called when the load has ended and its pool is closed: what else had to hold, and what is to be tidied up.
  std::function<std::vector<Verdict>(const Tally&)> finish;
};

struct ScenarioPlan {
  const char* name;
  const char* what;
  Scenario (*make)(const Setting& setting);
  int weight;   ///< Its share of the whole duration, beside those of the others that are run.
  bool judged;  ///< Its load never changes, so its memory should not either.
};

struct ScenarioResult {
  std::string name;
  std::string what;
  bool judged = false;
  double began = 0;  ///< Of the monitor's time.
  double ended = 0;
  double seconds = 0;
  Tally tally;
  LoadResult elsewhere;  ///< Where the load ran in another process; then the tally only holds what it counted.
  bool ranElsewhere = false;
  std::int64_t heapPeakBytes = 0;
  std::int64_t residentStartBytes = 0;
  std::int64_t residentEndBytes = 0;
  std::int64_t logPeakBytes = 0;
  std::int64_t writesFound = 0;  ///< By reading the database before and afterwards.
  std::vector<Sample> samples;
  std::vector<Verdict> verdicts;       ///< Of the scenario's own.
  nlohmann::ordered_json poolMetrics;  ///< Null where the scenario has no pool of its own.
  std::uint64_t poolRefusals = 0;      ///< Refusals for memory that the pool itself counted.
};

/// Makes it, runs it for so long and closes its pool. An error while making or closing is in the tally as unexpected.
ScenarioResult runScenario(const ScenarioPlan& plan, const Setting& setting, std::chrono::milliseconds duration,
                           Monitor& monitor);

}  // namespace bench
