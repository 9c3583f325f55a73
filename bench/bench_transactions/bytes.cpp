#include <utility>

#include "bench_transactions/plan.hpp"
#include "bench_transactions/shim_vfs.hpp"
#include "bench_transactions/table_of_rows.hpp"
#include "bench_transactions/writer_race.hpp"
#include "support/statistics.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

constexpr std::size_t kThreads = 16;
constexpr double kWantedShare = 5;

/// Counts what the rounds of a contender write, checkpoints included. The first one only warms up.
class Counted {
 public:
  Counted(const ShimVfs& shim, const WriterRace& race) : shim_(shim), race_(race) {}

  Contender contender(Contender inner) {
    bytes.name = "bytes a row, " + inner.name;
    syncs.name = "syncs a row, " + inner.name;
    return {inner.name, [this, inner, warm = false](std::chrono::nanoseconds duration) mutable {
              const std::uint64_t bytesBefore = shim_.bytesWritten();
              const std::uint64_t syncsBefore = shim_.syncs();
              const Round done = inner.round(duration);
              if (std::exchange(warm, true)) {
                const auto rows = static_cast<double>(race_.rowsOfLastRound());
                bytes.values.push_back(static_cast<double>(shim_.bytesWritten() - bytesBefore) / rows);
                syncs.values.push_back(static_cast<double>(shim_.syncs() - syncsBefore) / rows);
              }
              return done;
            }};
  }

  Measure bytes;
  Measure syncs;

 private:
  const ShimVfs& shim_;
  const WriterRace& race_;
};

Section measurePageSize(const Bench& bench, int pageSize) {
  const std::string title = format("bytes written for a row of 100, pages of %d", pageSize);
  const std::string bareFile = bench.directory + format("/bare_%d.db", pageSize);
  const std::string poolFile = bench.directory + format("/pool_%d.db", pageSize);
  makeRowTable(bareFile, pageSize);
  makeRowTable(poolFile, pageSize);
  const ShimVfs shim(std::chrono::microseconds{0});
  WriterRace race(kThreads);
  race.add("bare, one thread", handleForEachThread(bareFile, 1));
  race.add(format("pool.transaction, %zu threads", kThreads), poolTransactions(poolFile));
  std::vector<Contender> contenders = race.contenders();
  Counted bare(shim, race);
  Counted pool(shim, race);
  Section section{title, {}, 0, {}};
  section.series = runRounds({bare.contender(contenders[0]), pool.contender(contenders[1])}, bench.options.crowded,
                             title, bench.progress);
  section.measures = {bare.bytes, pool.bytes, bare.syncs, pool.syncs};
  const double share = pairedRatio(bare.bytes.values, pool.bytes.values);
  section.targets.push_back({pool.bytes.name + " / " + contenders[0].name, format("<= 1/%g", kWantedShare),
                             format("1/%.2f", share), share >= kWantedShare});
  return section;
}

}  // namespace

std::vector<Section> measureBytes(const Bench& bench) {
  return {measurePageSize(bench, 4096), measurePageSize(bench, 1024)};
}

}  // namespace bench
