#include <thread>

#include "memory_stress/mixed_step.hpp"
#include "memory_stress/pool_side.hpp"
#include "memory_stress/scenarios.hpp"
#include "support/scaled_clock.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

constexpr int kFactor = 120;
constexpr std::chrono::milliseconds kTick{250};

/// What the pool does by the hour is to happen while the load runs; what is a complaint about a slow load is not.
holdfast::ConnectionConfig soakConfig(const Options& options, std::shared_ptr<const holdfast::Clock> clock) {
  holdfast::ConnectionConfig config = stressConfig(options);
  config.clock = std::move(clock);
  config.housekeeping = holdfast::HousekeepingMode::Manual;
  config.leakThreshold = std::chrono::hours{24};
  config.snapshotBudget = std::chrono::hours{24};
  return config;
}

}  // namespace

Scenario soak(const Setting& setting) {
  Scenario scenario;
  auto clock = std::make_shared<ScaledClock>(kFactor);
  scenario.pool = std::make_shared<holdfast::ConnectionPool>(soakConfig(setting.options, clock));
  auto load = [pool = scenario.pool, &database = setting.database, seed = setting.options.seed](
                  Worker& worker, std::size_t number) -> Step {
    return MixedStep(PoolSide(*pool), worker, database, seed + number);
  };
  auto housekeeping = [pool = scenario.pool](Worker& worker, std::size_t) -> Step {
    return [pool, &worker] {
      worker.attempt(Kind::Cycle, [&] { pool->tick(); });
      std::this_thread::sleep_for(kTick);
    };
  };
  scenario.roles = {{setting.options.threads, load}, {1, housekeeping}};
  scenario.finish = [pool = scenario.pool, clock](const Tally& tally) -> std::vector<Verdict> {
    const holdfast::PoolMetrics metrics = pool->metrics();
    const std::chrono::duration<double, std::ratio<3600>> hours = clock->elapsed();
    return {{"housekeeping ran: soak", tally.completedOf[indexOf(Kind::Cycle)] > 0,
             format("%.1f hours of the pool's clock, %llu rounds, %llu handles renewed, %llu verified", hours.count(),
                    static_cast<unsigned long long>(tally.completedOf[indexOf(Kind::Cycle)]),
                    static_cast<unsigned long long>(metrics.connectionsRenewed),
                    static_cast<unsigned long long>(metrics.verifications))}};
  };
  return scenario;
}

}  // namespace bench
