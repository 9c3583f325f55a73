#include <atomic>
#include <vector>

#include "memory_stress/mixed_step.hpp"
#include "memory_stress/scenarios.hpp"

namespace bench {

namespace {

using holdfast::Access;
using holdfast::ConnectionPool;

/// The system's clock, put forward by hand, so that handles age at once.
class ForwardClock final : public holdfast::Clock {
 public:
  TimePoint now() const noexcept override {
    return holdfast::systemClock().now() + Duration(ahead_.load(std::memory_order_relaxed));
  }
  void advance(Duration duration) noexcept { ahead_.fetch_add(duration.count(), std::memory_order_relaxed); }

 private:
  std::atomic<Duration::rep> ahead_{0};
};

constexpr std::chrono::minutes kAge{10};

/// Leases every handle at the same time, uses each, and gives them back.
void useAllHandles(ConnectionPool& pool, std::size_t handles, std::int64_t id) {
  std::vector<holdfast::PooledConnection> leases;
  for (std::size_t i = 0; i < handles; ++i) {
    leases.push_back(pool.acquire(i == 0 ? Access::Write : Access::Read));
    leases.back()->queryValue<std::int64_t>("SELECT value FROM record WHERE id = ?", id);
  }
}

class ChurnStep {
 public:
  ChurnStep(const Setting& setting, Worker& worker)
      : worker_(&worker), config_(stressConfig(setting.options)), rows_(setting.database.rows) {
    config_.clock = clock_;
    config_.housekeeping = holdfast::HousekeepingMode::Manual;
    config_.maxConnectionAge = kAge;
  }

  void operator()() {
    bool renewed = false;
    const bool done = worker_->attempt(Kind::Cycle, [&] { renewed = cycle(); });
    if (done && !renewed) worker_->fail("no handle was renewed although all had reached their age");
  }

 private:
  /// Whether handles were renewed.
  bool cycle() {
    ConnectionPool pool(config_);
    const std::int64_t id = 1 + random_.below(rows_);
    useAllHandles(pool, config_.poolSize, id);
    clock_->advance(2 * kAge);
    pool.tick();
    useAllHandles(pool, config_.poolSize, id);
    const bool renewed = pool.metrics().connectionsRenewed > 0;
    pool.close();
    return renewed;
  }

  Worker* worker_;
  std::shared_ptr<ForwardClock> clock_ = std::make_shared<ForwardClock>();
  holdfast::ConnectionConfig config_;
  std::int64_t rows_;
  Random random_{1};
};

}  // namespace

Scenario connectionChurn(const Setting& setting) {
  Scenario scenario;
  auto make = [setting](Worker& worker, std::size_t) -> Step { return ChurnStep(setting, worker); };
  scenario.roles = {{1, make}};
  return scenario;
}

}  // namespace bench
