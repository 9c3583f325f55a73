#include <memory>

#include <holdfast/connection_pool.hpp>

#include "bench_pool/section.hpp"
#include "support/statistics.hpp"
#include "support/table_of_values.hpp"
#include "support/text.hpp"
#include "support/thread_crew.hpp"

namespace bench {

namespace {

using holdfast::Access;
using holdfast::ConnectionPool;

constexpr int kBatch = 32;
constexpr double kWantedRatio = 0.97;

/// What a thread keeps from round to round.
struct alignas(64) Thread {
  Random random{0};
  std::unique_ptr<BareReader> reader;  // Opened by the thread that uses it, as a pool's handles are.
  std::int64_t sum = 0;
};

class Reading {
 public:
  Reading(const Bench& bench, std::size_t threads)
      : rows_(bench.options.rows),
        poolFile_(bench.directory + format("/pool_%zu.db", threads)),
        bareFile_(bench.directory + format("/bare_%zu.db", threads)),
        threads_(threads),
        crew_(threads) {
    makeTable(poolFile_, rows_);
    makeTable(bareFile_, rows_);
    holdfast::ConnectionConfig config = poolConfig(poolFile_, rows_);
    config.poolSize = threads + 1;
    pool_.open(config);
    pool_.run("UPDATE t SET value = value + 1 WHERE id = 1");
    crew_.run({}, [this](std::size_t number, const std::atomic<bool>&) {
      threads_[number].random = Random(number);
      threads_[number].reader = std::make_unique<BareReader>(bareFile_, rows_);
      return std::uint64_t{0};
    });
    writeOnce(bareFile_, rows_);
  }

  std::vector<Contender> contenders() {
    return {
        contender("bare handle of its own", [](Thread& thread, std::int64_t id) { return thread.reader->read(id); }),
        contender("pool.queryValue", [this](Thread&, std::int64_t id) { return *query(pool_, id); }),
        contender("lease, queryValue, release",
                  [this](Thread&, std::int64_t id) {
                    const holdfast::PooledConnection lease = pool_.acquire(Access::Read);
                    return *query(*lease, id);
                  }),
        {"one lease kept, queryValue", [this](std::chrono::nanoseconds duration) { return readOnKeptLease(duration); }},
        // What differs between two that are the same is the noise of the method.
        contender("bare handle once more", [](Thread& thread, std::int64_t id) { return thread.reader->read(id); })};
  }

 private:
  static std::optional<std::int64_t> query(holdfast::StatementExecutor& executor, std::int64_t id) {
    return executor.queryValue<std::int64_t>(kReadValue, id);
  }

  template <typename F>
  Contender contender(std::string name, F readOne) {
    auto work = [this, readOne](std::size_t number, const std::atomic<bool>& stop) {
      return readUntil(stop, threads_[number], readOne);
    };
    return {std::move(name), [this, work](std::chrono::nanoseconds duration) { return crew_.run(duration, work); }};
  }

  /// The statement without the lease: for telling which of the two costs what.
  Round readOnKeptLease(std::chrono::nanoseconds duration) {
    return crew_.run(duration, [this](std::size_t number, const std::atomic<bool>& stop) {
      const holdfast::PooledConnection lease = pool_.acquire(Access::Read);
      return readUntil(stop, threads_[number], [&](Thread&, std::int64_t id) { return *query(*lease, id); });
    });
  }

  template <typename F>
  std::uint64_t readUntil(const std::atomic<bool>& stop, Thread& thread, F readOne) {
    std::uint64_t done = 0;
    for (; !stop.load(std::memory_order_relaxed); done += kBatch) {
      for (int i = 0; i < kBatch; ++i) thread.sum += readOne(thread, 1 + thread.random.below(rows_));
    }
    return done;
  }

  const std::int64_t rows_;
  const std::string poolFile_;
  const std::string bareFile_;
  std::vector<Thread> threads_;
  ConnectionPool pool_;
  ThreadCrew crew_;
};

Section measureThreads(const Bench& bench, std::size_t threads) {
  const std::string title = format("point read by primary key, %zu thread%s", threads, threads == 1 ? "" : "s");
  Reading reading(bench, threads);
  Section section{title, {}, 0, {}};
  section.series = runRounds(reading.contenders(), bench.options.plan, title, bench.progress);
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    const double ratio = pairedRatio(section.series[i].perSecond, section.series[0].perSecond);
    const double cpuRatio = pairedRatio(section.series[i].perCpuSecond, section.series[0].perCpuSecond);
    section.targets.push_back({section.series[i].name + " / bare", format(">= %.2f", kWantedRatio),
                               format("%.3f (%.3f by processor time)", ratio, cpuRatio), ratio >= kWantedRatio});
  }
  return section;
}

}  // namespace

std::vector<Section> measurePointRead(const Bench& bench) {
  std::vector<Section> sections;
  for (std::size_t threads : bench.options.threads) {
    sections.push_back(measureThreads(bench, threads));
  }
  return sections;
}

}  // namespace bench
