#include <algorithm>
#include <array>
#include <limits>

#include "memory_stress/mixed_step.hpp"
#include "memory_stress/pool_side.hpp"
#include "memory_stress/scenarios.hpp"

namespace bench {

namespace {

using holdfast::ConnectionPool;

/// The largest of a column without an index: all rows are looked at, a few kept, in order.
void sortTop(ConnectionPool& pool, Worker& worker) {
  worker.attempt(Kind::TopSort, [&] {
    std::int64_t previous = std::numeric_limits<std::int64_t>::max();
    pool.forEach(
        sqlOf(Kind::TopSort),
        [&](const holdfast::RowView& row) {
          const auto value = row.get<std::int64_t>(0);
          if (value > previous) worker.fail("a sorted result was out of order");
          previous = value;
        },
        std::int64_t{1});
  });
}

Role readers(std::size_t threads, const std::shared_ptr<ConnectionPool>& pool, const Setting& setting) {
  auto make = [pool, &database = setting.database, seed = setting.options.seed](Worker& worker,
                                                                                std::size_t number) -> Step {
    return
        [pool, &worker, load = MixedStep(PoolSide(*pool), worker, database, seed + number), turn = number]() mutable {
          static constexpr std::array kTurns{Kind::FullScan, Kind::Sort, Kind::TopSort, Kind::Join,
                                             Kind::Group,    Kind::Sort, Kind::Join,    Kind::WideJoin};
          const Kind kind = kTurns[turn++ % kTurns.size()];
          kind == Kind::TopSort ? sortTop(*pool, worker) : load.attempt(kind);
        };
  };
  return {threads, make};
}

Role writers(std::size_t threads, const std::shared_ptr<ConnectionPool>& pool, const Setting& setting) {
  auto make = [pool, &database = setting.database, seed = setting.options.seed](Worker& worker,
                                                                                std::size_t number) -> Step {
    return
        [load = MixedStep(PoolSide(*pool), worker, database, seed + number)]() mutable { load.attempt(Kind::Update); };
  };
  return {threads, make};
}

}  // namespace

Scenario sortsAndJoins(const Setting& setting) {
  Scenario scenario;
  scenario.pool = std::make_shared<ConnectionPool>(stressConfig(setting.options));
  const std::size_t writing = std::max<std::size_t>(1, setting.options.threads / 4);
  const std::size_t reading = std::max<std::size_t>(1, setting.options.threads - writing);
  scenario.roles = {readers(reading, scenario.pool, setting), writers(writing, scenario.pool, setting)};
  return scenario;
}

}  // namespace bench
