#include "bench_transactions/plan.hpp"
#include "bench_transactions/row_writer.hpp"
#include "bench_transactions/shim_vfs.hpp"
#include "bench_transactions/table_of_rows.hpp"
#include "bench_transactions/writer_race.hpp"
#include "support/statistics.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

constexpr std::size_t kThreads = 16;
constexpr std::chrono::milliseconds kSlowSync{5};

constexpr double kWantedRate = 5;
constexpr double kWantedWait = 50;
constexpr double kWantedPosted = 20;
constexpr double kWantedSlow = 10;

/// The order in which race() adds them.
enum Contenders : std::size_t { kEachThread, kMutex, kPool, kPosted };

std::string emptyTable(const Bench& bench, const std::string& name) {
  const std::string path = bench.directory + "/" + name + ".db";
  makeRowTable(path);
  return path;
}

Section runRace(const Bench& bench, const std::string& title) {
  WriterRace race(kThreads);
  race.add("bare, a handle for each thread", handleForEachThread(emptyTable(bench, "handles"), kThreads));
  race.add("bare, one handle and a mutex", handleBehindMutex(emptyTable(bench, "mutex")));
  race.add("pool.transaction", poolTransactions(emptyTable(bench, "pool")));
  race.add("pool.post", poolPosts(emptyTable(bench, "posted")));
  Section section{title, {}, kEachThread, {}};
  section.series = runRounds(race.contenders(), bench.options.crowded, title, bench.progress);
  section.waits = race.waits();
  return section;
}

Target worstWait(const Section& section) {
  const Waits& bare = section.waits[kEachThread];
  const Waits& pool = section.waits[kPool];
  const double ratio = pairedRatio(bare.worst, pool.worst);
  const auto overall = static_cast<double>(bare.all.max().count()) / static_cast<double>(pool.all.max().count());
  return {"worst wait of a round, " + pool.name + " / " + bare.name, format("<= 1/%g", kWantedWait),
          format("1/%.1f (1/%.1f over all rounds)", ratio, overall), ratio >= kWantedWait};
}

}  // namespace

std::vector<Section> measureDurable(const Bench& bench) {
  Section section = runRace(bench, format("durable single rows, %zu threads", kThreads));
  const std::vector<Series>& series = section.series;
  section.targets.push_back(atLeast(series[kPool], series[kEachThread], kWantedRate));
  section.targets.push_back(worstWait(section));
  if (series.size() > kPosted) {
    section.targets.push_back(atLeast(series[kPosted], series[kEachThread], kWantedPosted));
  }
  return {section};
}

std::vector<Section> measureSlowSync(const Bench& bench) {
  const ShimVfs shim(kSlowSync);
  Section section = runRace(bench, format("durable single rows, %zu threads, every sync takes %lld ms more", kThreads,
                                          static_cast<long long>(kSlowSync.count())));
  section.base = kMutex;
  section.targets.push_back(atLeast(section.series[kPool], section.series[kMutex], kWantedSlow));
  return {section};
}

}  // namespace bench
