#include "bench_transactions/plan.hpp"
#include "bench_transactions/reading_race.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

constexpr std::int64_t kRows = 10'000;

constexpr double kWantedIdle = 1.4;
constexpr double kWantedPaced = 1.2;
constexpr double kWantedFlatOut = 0.95;

/// Long enough for the log to come round more than once.
RoundPlan withWriter(const Options& options) { return {options.calm.rounds, 4 * options.calm.roundTime}; }

std::string fileFor(const Bench& bench, const std::string& name) { return bench.directory + "/" + name + ".db"; }

void addBare(ReadingRace& race, const std::string& path, std::size_t threads) {
  race.add("bare handle for each thread", path, bareSide({path, kRows, threads}));
}

void addPool(ReadingRace& race, const std::string& name, const std::string& path, std::size_t threads,
             std::optional<bool> readAnchor = {}) {
  race.add(name, path, poolSide({path, kRows, threads}, readAnchor));
}

Section measureIdle(const Bench& bench, std::size_t threads) {
  ReadingRace race(kRows, threads, Writing::None);
  addBare(race, fileFor(bench, format("idle_bare_%zu", threads)), threads);
  addPool(race, "pool.queryValue", fileFor(bench, format("idle_pool_%zu", threads)), threads);
  Section section = race.run(format("point read, the writer idle, %zu thread%s", threads, threads == 1 ? "" : "s"),
                             bench.options.calm, bench.progress);
  if (threads == 1) section.targets.push_back(atLeast(section.series[1], section.series[0], kWantedIdle));
  return section;
}

Section measurePaced(const Bench& bench) {
  ReadingRace race(kRows, 1, Writing::Paced);
  addBare(race, fileFor(bench, "paced_bare"), 1);
  addPool(race, "pool.queryValue", fileFor(bench, "paced_pool"), 1);
  Section section = race.run("point read, 1,000 commits a second beside it", withWriter(bench.options), bench.progress);
  section.targets.push_back(atLeast(section.series[1], section.series[0], kWantedPaced));
  return section;
}

Section measureFlatOut(const Bench& bench) {
  ReadingRace race(kRows, 1, Writing::FlatOut);
  addBare(race, fileFor(bench, "flat_bare"), 1);
  if (!hasReadAnchor()) {
    addPool(race, "pool", fileFor(bench, "flat_pool"), 1);
  } else {
    addPool(race, "pool, readAnchor off", fileFor(bench, "flat_off"), 1, false);
    addPool(race, "pool, readAnchor on", fileFor(bench, "flat_on"), 1, true);
  }
  Section section = race.run("updates flat out, a reader beside them", withWriter(bench.options), bench.progress);
  if (hasReadAnchor()) section.targets.push_back(atLeast(section.series[2], section.series[1], kWantedFlatOut));
  return section;
}

}  // namespace

std::vector<Section> measureReads(const Bench& bench) {
  return {measureIdle(bench, 1), measureIdle(bench, 2), measurePaced(bench), measureFlatOut(bench)};
}

}  // namespace bench
