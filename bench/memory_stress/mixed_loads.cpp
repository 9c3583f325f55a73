// The mixed load in a process of its own: through a pool, on bare handles, and what one bare handle can do.

#include "memory_stress/bare_side.hpp"
#include "memory_stress/load_request.hpp"
#include "memory_stress/mixed_step.hpp"
#include "memory_stress/pool_side.hpp"
#include "memory_stress/team.hpp"

namespace bench {

namespace {

constexpr int kRepeats = 20;

Database databaseOf(const LoadRequest& request) {
  Database database;
  database.rows = request.rows;
  database.largeRows = request.largeRows;
  return database;
}

template <typename MakeSide>
LoadResult runMixed(const LoadRequest& request, MakeSide makeSide) {
  const Database database = databaseOf(request);
  auto make = [&](Worker& worker, std::size_t number) -> Step {
    return MixedStep(makeSide(), worker, database, request.seed + number);
  };
  const TeamResult result = runTeam({{request.threads, make}}, std::chrono::milliseconds(request.milliseconds));
  return toResult(result.tally, result.seconds);
}

LoadResult tryEachKind(const LoadRequest& request, std::int64_t cacheBytes) {
  sqlite3_hard_heap_limit64(request.limit);
  const auto start = std::chrono::steady_clock::now();
  Worker worker;
  worker.prepare([&] {
    MixedStep step(BareSide(request.database, cacheBytes), worker, databaseOf(request), request.seed);
    for (std::size_t i = 0; i < kStatementKinds; ++i) {
      const auto kind = static_cast<Kind>(i);
      const int repeats = isWholeTable(kind) ? 1 : kRepeats;
      for (int repeat = 0; repeat < repeats; ++repeat) step.attempt(kind);
    }
  });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  LoadResult result = toResult(worker.tally(), took.count());
  result.heapPeakBytes = sqlite3_memory_highwater(0);
  return result;
}

}  // namespace

LoadResult runPoolLoad(const LoadRequest& request) {
  holdfast::ConnectionPool pool(stressConfig(request.database, request.handles, request.limit));
  LoadResult result = runMixed(request, [&] { return PoolSide(pool); });
  pool.close();
  result.heapPeakBytes = sqlite3_memory_highwater(0);
  return result;
}

LoadResult runBareLoad(const LoadRequest& request) {
  sqlite3_hard_heap_limit64(request.limit);
  LoadResult result = runMixed(request, [&] { return BareSide(request.database); });
  result.heapPeakBytes = sqlite3_memory_highwater(0);
  return result;
}

LoadResult runSingleTrial(const LoadRequest& request) { return tryEachKind(request, 0); }

LoadResult runTunedTrial(const LoadRequest& request) {
  constexpr unsigned kSortPages = 16;
  sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
  sqlite3_config(SQLITE_CONFIG_PMASZ, kSortPages);
  return tryEachKind(request, request.limit / 4);
}

}  // namespace bench
