#include "memory_stress/pool_side.hpp"
#include "memory_stress/scenario.hpp"

namespace bench {

Scenario mixedLoad(const Setting& setting) {
  Scenario scenario;
  scenario.pool = std::make_shared<holdfast::ConnectionPool>(stressConfig(setting.options));
  const std::int64_t rows = setting.database.rows;
  auto make = [pool = scenario.pool, rows](Worker& worker, std::size_t number) -> Step {
    return MixedStep<PoolSide>(PoolSide(*pool), worker, rows, number);
  };
  scenario.roles = {{setting.options.threads, make}};
  return scenario;
}

}  // namespace bench
