#include <stdexcept>

#include "bench_repository/entrants.hpp"
#include "bench_repository/readings.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

constexpr double kWantedById = 0.95;
constexpr double kWantedMany = 0.97;
constexpr std::int64_t kMany = 1'000;

// So many rows are asked for again and again; the cache keeps 1,000.
constexpr std::int64_t kHot = 500;
constexpr double kWantedCached = 20;

void requireEqual(const Entrant& entrant, double found, double due) {
  if (found == due) return;
  throw std::runtime_error(format("%s read values with the sum %g; %g was due", entrant.contestant->name, found, due));
}

Round findSome(Entrant& entrant, std::int64_t ids, std::chrono::nanoseconds duration) {
  double found = 0;
  double due = 0;
  const Round done = repeat(duration, 32, [&] {
    const std::int64_t id = 1 + entrant.random.below(ids);
    found += entrant.layer->findById(id).value().value;
    due += valueOf(id);
  });
  requireEqual(entrant, found, due);
  return done;
}

}  // namespace

std::vector<Section> measureFindById(const Bench& bench) {
  const std::int64_t rows = bench.options.rows;
  std::vector<Entrant> entrants = enter(bench, rows, false);
  return {race(bench, "findById, no cache", entrants, kWantedById,
               [&](Entrant& entrant, auto duration) { return findSome(entrant, rows, duration); })};
}

std::vector<Section> measureCacheHits(const Bench& bench) {
  std::vector<Entrant> entrants = enter(bench, bench.options.rows, false, kCacheContestants);
  for (Entrant& entrant : entrants) {
    for (std::int64_t id = 1; id <= kHot; ++id) entrant.layer->findById(id);
  }
  return {race(bench, "findById, cached", entrants, kWantedCached,
               [](Entrant& entrant, auto duration) { return findSome(entrant, kHot, duration); })};
}

std::vector<Section> measureFindMany(const Bench& bench) {
  const std::int64_t rows = bench.options.rows;
  std::vector<Entrant> entrants = enter(bench, rows, false);
  double due = 0;  // Of any 1,000 that follow each other.
  for (std::int64_t id = 1; id <= kMany; ++id) due += valueOf(id);
  return {race(bench, "findMany, 1,000 rows", entrants, kWantedMany, [&](Entrant& entrant, auto duration) {
    return repeat(duration, 1, [&] {
      const std::int64_t first = 1 + entrant.random.below(rows - kMany + 1);
      double found = 0;
      for (const Reading& reading : entrant.layer->findMany(first, kMany)) found += reading.value;
      requireEqual(entrant, found, due);
    });
  })};
}

}  // namespace bench
