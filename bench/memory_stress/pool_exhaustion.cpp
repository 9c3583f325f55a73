#include <chrono>

#include "memory_stress/mixed_step.hpp"
#include "memory_stress/scenarios.hpp"

namespace bench {

namespace {

using holdfast::Access;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPatience{2};
constexpr std::chrono::milliseconds kHold{5};

void holdReading(holdfast::ConnectionPool& pool, std::int64_t first) {
  const holdfast::PooledConnection lease = pool.acquire(Access::Read, kPatience);
  const auto until = SteadyClock::now() + kHold;
  std::size_t bytes = 0;
  while (SteadyClock::now() < until) {
    lease->forEach(
        sqlOf(Kind::RangeScan), [&](const holdfast::RowView& row) { bytes += row.get<holdfast::BlobView>(1).size(); },
        first);
  }
}

void holdWriting(holdfast::ConnectionPool& pool, std::int64_t id) {
  const holdfast::PooledConnection lease = pool.acquire(Access::Write, kPatience);
  lease->run("UPDATE record SET version = version + 1 WHERE id = ?", id);
}

}  // namespace

Scenario poolExhaustion(const Setting& setting) {
  Scenario scenario;
  scenario.pool = std::make_shared<holdfast::ConnectionPool>(stressConfig(setting.options));
  const std::int64_t rows = setting.database.rows;
  auto make = [pool = scenario.pool, rows](Worker& worker, std::size_t number) -> Step {
    return [pool, rows, &worker, random = Random(number)]() mutable {
      const std::int64_t id = 1 + random.below(rows);
      const bool write = random.below(8) == 0;
      worker.attemptOr(write ? Kind::Update : Kind::Lease, holdfast::ErrorCode::PoolExhausted,
                       [&] { write ? holdWriting(*pool, id) : holdReading(*pool, id); });
    };
  };
  scenario.roles = {{3 * setting.options.handles, make}};
  return scenario;
}

}  // namespace bench
