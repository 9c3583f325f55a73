#include <memory>

#include <holdfast/connection_pool.hpp>

#include "bench_transactions/bare_writer.hpp"
#include "bench_transactions/plan.hpp"

namespace bench {

namespace {

using holdfast::ConnectionPool;
using holdfast::Durability;

constexpr double kWantedRatio = 0.95;

template <typename F>
Contender contender(std::string name, F insertOne) {
  return {std::move(name),
          [insertOne](std::chrono::nanoseconds duration) { return repeat(duration, 1, [&] { insertOne(); }); }};
}

std::shared_ptr<BareWriter> openBare(const std::string& path, Durability durability) {
  makeRowTable(path);
  auto writer = std::make_shared<BareWriter>(path, durability);
  growLog(writer->handle());
  return writer;
}

std::shared_ptr<ConnectionPool> openPool(const std::string& path, Durability durability) {
  makeRowTable(path);
  auto pool = std::make_shared<ConnectionPool>(writerConfig(path, durability));
  growLog(*pool);
  return pool;
}

Section measureDurability(const Bench& bench, Durability durability, const std::string& title) {
  const std::string prefix = bench.directory + "/" + std::string(toText(durability));
  const auto bare = openBare(prefix + "_bare.db", durability);
  const auto bareExplicit = openBare(prefix + "_bare_begin.db", durability);
  const auto run = openPool(prefix + "_run.db", durability);
  const auto transaction = openPool(prefix + "_transaction.db", durability);
  Section section{title, {}, 0, {}};
  section.series =
      runRounds({contender("bare, autocommit", [bare] { bare->insert(); }),
                 contender("pool.run", [run] { run->run(kInsertRow, kPayload); }),
                 contender("bare, BEGIN IMMEDIATE and COMMIT", [bareExplicit] { bareExplicit->insertInTransaction(); }),
                 contender("pool.transaction",
                           [transaction] {
                             transaction->transaction([](holdfast::Transaction& tx) { tx.run(kInsertRow, kPayload); });
                           })},
                bench.options.calm, title, bench.progress);
  section.targets.push_back(atLeast(section.series[1], section.series[0], kWantedRatio));
  section.targets.push_back(atLeast(section.series[3], section.series[2], kWantedRatio));
  return section;
}

}  // namespace

std::vector<Section> measureSingle(const Bench& bench) {
  return {measureDurability(bench, Durability::Full, "single rows, one thread, a sync each"),
          measureDurability(bench, Durability::Normal, "single rows, one thread, without a sync")};
}

}  // namespace bench
