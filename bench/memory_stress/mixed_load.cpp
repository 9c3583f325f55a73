#include "memory_stress/mixed_step.hpp"
#include "memory_stress/pool_side.hpp"
#include "memory_stress/scenarios.hpp"

namespace bench {

Scenario mixedLoad(const Setting& setting) {
  Scenario scenario;
  scenario.pool = std::make_shared<holdfast::ConnectionPool>(stressConfig(setting.options));
  auto make = [pool = scenario.pool, &database = setting.database, seed = setting.options.seed](
                  Worker& worker, std::size_t number) -> Step {
    return MixedStep(PoolSide(*pool), worker, database, seed + number);
  };
  scenario.roles = {{setting.options.threads, make}};
  return scenario;
}

}  // namespace bench
