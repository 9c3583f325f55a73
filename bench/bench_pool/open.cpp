#include <holdfast/connection_pool.hpp>

#include "bench_pool/section.hpp"
#include "support/table_of_values.hpp"

namespace bench {

namespace {

constexpr std::int64_t kRows = 10'000;

Contender opening(std::string name, const holdfast::ConnectionConfig& config) {
  return {std::move(name), [config](std::chrono::nanoseconds duration) {
            return repeat(duration, 1, [&] {
              holdfast::ConnectionPool pool(config);
              keep(pool.queryValue<std::int64_t>(kReadValue, 1));
            });
          }};
}

}  // namespace

std::vector<Section> measureOpen(const Bench& bench) {
  const std::string poolFile = bench.directory + "/pool.db";
  const std::string bareFile = bench.directory + "/bare.db";
  makeTable(poolFile, kRows);
  makeTable(bareFile, kRows);
  holdfast::ConnectionConfig single = poolConfig(poolFile, kRows);
  single.poolSize = 1;
  single.housekeeping = holdfast::HousekeepingMode::Manual;
  const holdfast::ConnectionConfig usual = poolConfig(poolFile, kRows);
  holdfast::ConnectionConfig all = usual;
  all.minPoolSize = all.poolSize;
  Section section{"open, read one row, close", {}, 0, {}};
  section.series = runRounds({{"bare handle",
                               [&](std::chrono::nanoseconds duration) {
                                 return repeat(duration, 1, [&] { keep(BareReader(bareFile, kRows).read(1)); });
                               }},
                              opening("pool of one, no thread", single),
                              opening("pool as it is by default", usual),
                              opening("the same with all 4 handles open", all)},
                             bench.options.plan, "open", bench.progress);
  return {section};
}

}  // namespace bench
