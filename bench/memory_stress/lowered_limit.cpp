#include <sqlite3.h>

#include <atomic>
#include <optional>
#include <thread>

#include "memory_stress/mixed_step.hpp"
#include "memory_stress/pool_side.hpp"
#include "memory_stress/scenarios.hpp"
#include "support/scratch_directory.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStay{150};
constexpr std::chrono::seconds kPatience{5};

/// Lowers the limit of the process: where several pools name one the smallest holds.
class Lowering {
 public:
  explicit Lowering(const Options& options)
      : limit_(std::max(options.limit / 4 * 3, 256 * holdfast::KiB)), directory_(options.directory, "memory_stress") {}

  std::int64_t limit() const noexcept { return limit_; }
  /// Odd while the limit is lowered or about to be.
  int turns() const noexcept { return turns_.load(); }

  void operator()(Worker& worker) {
    turns_.fetch_add(1);
    std::optional<holdfast::ConnectionPool> pool;
    // Opening it may be refused while the heap is still above the limit that it names.
    worker.attemptOr(Kind::Lease, holdfast::ErrorCode::MemoryLimit,
                     [&] { pool.emplace(stressConfig(directory_.path() + "/small.db", 1, limit_)); });
    if (pool) {
      worker.attempt(Kind::Cycle, [&] { awaitLimit(); });
      std::this_thread::sleep_for(kStay);
      worker.prepare([&] { pool->close(); });
    }
    turns_.fetch_add(1);
    std::this_thread::sleep_for(kStay);
  }

 private:
  void awaitLimit() const {
    const auto deadline = SteadyClock::now() + kPatience;
    while (sqlite3_memory_used() > limit_) {
      if (SteadyClock::now() > deadline) throw std::runtime_error("the heap did not come below the lowered limit");
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }

  std::int64_t limit_;
  ScratchDirectory directory_;
  std::atomic<int> turns_{0};
};

/// The mixed load, which may be refused while the limit is lowered: it may be too low for so many handles.
class LoweredStep {
 public:
  LoweredStep(std::shared_ptr<holdfast::ConnectionPool> pool, std::shared_ptr<const Lowering> lowering, Worker& worker,
              const Database& database, std::uint64_t seed)
      : pool_(std::move(pool)),
        lowering_(std::move(lowering)),
        worker_(&worker),
        operator_(PoolSide(*pool_), database, seed) {}

  void operator()() {
    const Kind kind = mixedKind(operator_.random().below(1000));
    const int before = lowering_->turns();
    const char* wrong = nullptr;
    worker_->attemptOr(
        kind,
        [&](const std::exception& error) {
          const bool lowered = before % 2 == 1 || lowering_->turns() != before;
          return lowered && dynamic_cast<const holdfast::Error*>(&error) != nullptr && isForMemory(error);
        },
        [&] { wrong = operator_.perform(kind); });
    if (wrong != nullptr) worker_->fail(wrong);
  }

 private:
  std::shared_ptr<holdfast::ConnectionPool> pool_;
  std::shared_ptr<const Lowering> lowering_;
  Worker* worker_;
  Operator<PoolSide> operator_;
};

}  // namespace

Scenario loweredLimit(const Setting& setting) {
  Scenario scenario;
  scenario.pool = std::make_shared<holdfast::ConnectionPool>(stressConfig(setting.options));
  auto lowering = std::make_shared<Lowering>(setting.options);
  auto load = [pool = scenario.pool, lowering, &database = setting.database, seed = setting.options.seed](
                  Worker& worker, std::size_t number) -> Step {
    return LoweredStep(pool, lowering, worker, database, seed + number);
  };
  auto lower = [lowering](Worker& worker, std::size_t) -> Step { return [lowering, &worker] { (*lowering)(worker); }; };
  scenario.roles = {{setting.options.threads, load}, {1, lower}};
  scenario.finish = [lowering](const Tally& tally) -> std::vector<Verdict> {
    const std::uint64_t times = tally.completedOf[indexOf(Kind::Cycle)];
    return {{"a lowered limit is kept: lowered-limit", times > 0,
             format("%llu times lowered to %s, reached in %s at most; %llu operations refused meanwhile",
                    static_cast<unsigned long long>(times), bytesText(static_cast<double>(lowering->limit())).c_str(),
                    durationText(tally.latency[indexOf(Kind::Cycle)].max()).c_str(),
                    static_cast<unsigned long long>(tally.allowedRefusals))}};
  };
  return scenario;
}

}  // namespace bench
