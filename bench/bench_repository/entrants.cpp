#include "bench_repository/entrants.hpp"

#include "bench_repository/readings.hpp"
#include "support/statistics.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

constexpr int kGrowingUpdates = 2000;

bool isBare(const Contestant& contestant) { return contestant.open == openBare; }

}  // namespace

std::vector<Entrant> enter(const Bench& bench, std::int64_t rows, bool syncCommits,
                           std::span<const Contestant> contestants) {
  std::vector<Entrant> entrants;
  for (const Contestant& contestant : contestants) {
    const std::string path = bench.directory + format("/%zu%s.db", entrants.size(), syncCommits ? "-synced" : "");
    makeReadingTable(path, rows);
    entrants.push_back({&contestant, path, contestant.open({path, syncCommits})});
    // Written as it was, so that the sums stay. Through the contestant: where its handle closes, the log goes with it.
    if (rows == 0) continue;
    for (int i = 0; i < (syncCommits ? kGrowingUpdates : 1); ++i) entrants.back().layer->update(1, valueOf(1));
  }
  return entrants;
}

void setTargets(Section& section, std::span<const Entrant> entrants, double wanted) {
  for (std::size_t i = 0; i < entrants.size(); ++i) {
    if (!entrants[i].contestant->hasGoals) continue;
    section.targets.push_back(atLeast(section.series[i], section.series[section.base], wanted));
    for (std::size_t other = 0; other < entrants.size(); ++other) {
      const Contestant& peer = *entrants[other].contestant;
      if (!peer.hasGoals && !isBare(peer))
        section.targets.push_back(atLeast(section.series[i], section.series[other], 1));
    }
  }
}

}  // namespace bench
