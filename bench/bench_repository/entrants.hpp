#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench_repository/layer.hpp"
#include "bench_repository/plan.hpp"
#include "support/random.hpp"

namespace bench {

/// A contestant in a section, with a database of its own.
struct Entrant {
  const Contestant* contestant;
  std::string path;
  std::unique_ptr<Layer> layer;
  /// All draw the same numbers.
  Random random{1};
};

/// Every contestant, each with a table of so many rows and a log that has been written. A log that grows costs a sync
/// twice what one does that is written over, so with `syncCommits` it has reached its size.
std::vector<Entrant> enter(const Bench& bench, std::int64_t rows, bool syncCommits,
                           std::span<const Contestant> contestants = kContestants);

/// Lets them work in turns. The contestants with goals want `wanted` of bare SQLite's rate, and to be ahead of others.
template <typename Work>
Section race(const Bench& bench, const std::string& title, std::vector<Entrant>& entrants, double wanted, Work work);

/// What race() does with the series.
void setTargets(Section& section, std::span<const Entrant> entrants, double wanted);

template <typename Work>
Section race(const Bench& bench, const std::string& title, std::vector<Entrant>& entrants, double wanted, Work work) {
  std::vector<Contender> contenders;
  for (Entrant& entrant : entrants) {
    contenders.push_back({entrant.contestant->name, [&entrant, work](std::chrono::nanoseconds duration) mutable {
                            return work(entrant, duration);
                          }});
  }
  Section section{title, {}, 0, {}};
  section.series = runRounds(contenders, bench.options.plan, title, bench.progress);
  setTargets(section, entrants, wanted);
  return section;
}

}  // namespace bench
