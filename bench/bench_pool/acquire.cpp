#include <holdfast/connection_pool.hpp>

#include "bench_pool/minimal_pools.hpp"
#include "bench_pool/section.hpp"
#include "support/statistics.hpp"
#include "support/table_of_values.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

using holdfast::Access;

constexpr std::size_t kHandles = 8;
constexpr int kBatch = 512;
constexpr std::int64_t kRows = 10'000;

// The goal was set where a mutex with a bit mask took 25 ns; the quotient goes along to other machines.
constexpr double kWantedNanoseconds = 60;
constexpr double kBitMaskNanoseconds = 25;
constexpr double kWantedPercent = 2;

Contender leasing(std::string name, holdfast::ConnectionPool& pool, Access access) {
  return {std::move(name), [&pool, access](std::chrono::nanoseconds duration) {
            return repeat(duration, kBatch, [&] {
              const holdfast::PooledConnection lease = pool.acquire(access);
              keep(&*lease);
            });
          }};
}

template <typename Pool>
Contender minimal(std::string name, Pool& pool) {
  return {std::move(name), [&pool](std::chrono::nanoseconds duration) {
            return repeat(duration, kBatch, [&] {
              const std::size_t handle = pool.acquire();
              keep(handle);
              pool.release(handle);
            });
          }};
}

std::vector<Target> targets(const Series& lease, const Series& bitMask, const Series& read) {
  const double took = 1e9 / median(lease.perSecond);
  const double scaled = pairedRatio(bitMask.perSecond, lease.perSecond);
  const double percent = 100 * pairedRatio(read.perSecond, lease.perSecond);
  return {{lease.name, format("<= %.0f ns", kWantedNanoseconds), format("%.1f ns", took), took <= kWantedNanoseconds},
          {lease.name + " / mutex and bit mask", format("<= %.1f", kWantedNanoseconds / kBitMaskNanoseconds),
           format("%.2f", scaled), scaled <= kWantedNanoseconds / kBitMaskNanoseconds},
          {lease.name + " / bare point read", format("<= %.0f %%", kWantedPercent), format("%.2f %%", percent),
           percent <= kWantedPercent}};
}

}  // namespace

std::vector<Section> measureAcquire(const Bench& bench) {
  const std::string poolFile = bench.directory + "/pool.db";
  const std::string bareFile = bench.directory + "/bare.db";
  makeTable(poolFile, kRows);
  makeTable(bareFile, kRows);
  holdfast::ConnectionConfig config = poolConfig(poolFile, kRows);
  config.poolSize = config.minPoolSize = kHandles;
  holdfast::ConnectionPool pool(config);
  BitMaskPool bitMask(kHandles);
  HashPool hash(kHandles);
  BareReader reader(bareFile, kRows);
  writeOnce(bareFile, kRows);
  Random random(1);
  Section section{"lease and give back, one thread", {}, 2, {}};
  section.series = runRounds({leasing("pool, read lease", pool, Access::Read),
                              leasing("pool, write lease", pool, Access::Write),
                              minimal("mutex and bit mask", bitMask),
                              minimal("mutex and hash containers", hash),
                              {"point read, bare handle",
                               [&](std::chrono::nanoseconds duration) {
                                 return repeat(duration, 16, [&] { keep(reader.read(1 + random.below(kRows))); });
                               }}},
                             bench.options.plan, "acquire", bench.progress);
  for (std::size_t i = 0; i < 2; ++i) {
    for (Target& target : targets(section.series[i], section.series[2], section.series[4])) {
      section.targets.push_back(std::move(target));
    }
  }
  pool.close();
  return {section};
}

}  // namespace bench
