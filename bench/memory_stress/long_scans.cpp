#include <algorithm>
#include <array>
#include <limits>

#include "memory_stress/pool_side.hpp"
#include "memory_stress/scenario.hpp"

namespace bench {

namespace {

using holdfast::ConnectionPool;
using holdfast::RowView;

/// Reads every row, its payload included, in constant memory.
void scanTable(ConnectionPool& pool, Worker& worker, std::int64_t rows) {
  std::int64_t seen = 0;
  std::size_t bytes = 0;
  const bool done = worker.attempt(Kind::FullScan, [&] {
    pool.forEach("SELECT id, payload FROM record", [&](const RowView& row) {
      ++seen;
      bytes += row.get<holdfast::BlobView>(1).size();
    });
  });
  if (done && (seen != rows || bytes != static_cast<std::size_t>(rows) * kPayloadBytes)) {
    worker.fail("a full scan saw another number of rows or bytes than there are");
  }
}

/// The largest of a column without an index: all rows are looked at, a few kept.
void sortTop(ConnectionPool& pool, Worker& worker, std::int64_t) {
  worker.attempt(Kind::Sort, [&] {
    std::int64_t previous = std::numeric_limits<std::int64_t>::max();
    pool.forEach("SELECT value, id FROM record ORDER BY value DESC LIMIT 100", [&](const RowView& row) {
      const auto value = row.get<std::int64_t>(0);
      if (value > previous) worker.fail("a sorted result was out of order");
      previous = value;
    });
  });
}

/// Sorts all rows by an expression, more than the budget can hold, to count groups of them.
void groupAll(ConnectionPool& pool, Worker& worker, std::int64_t rows) {
  std::int64_t counted = 0;
  const bool done = worker.attempt(Kind::Group, [&] {
    pool.forEach("SELECT value % 1000 AS class, count(*), sum(version), max(name) FROM record GROUP BY class",
                 [&](const RowView& row) { counted += row.get<std::int64_t>(1); });
  });
  if (done && counted != rows) worker.fail("a grouped result counted another number of rows than there are");
}

Role scanners(std::size_t threads, const std::shared_ptr<ConnectionPool>& pool, std::int64_t rows) {
  auto make = [pool, rows](Worker& worker, std::size_t number) -> Step {
    return [pool, rows, &worker, turn = number]() mutable {
      static constexpr std::array kScans{scanTable, sortTop, groupAll};
      kScans[turn++ % kScans.size()](*pool, worker, rows);
    };
  };
  return {threads, make};
}

Role writers(std::size_t threads, const std::shared_ptr<ConnectionPool>& pool, std::int64_t rows) {
  auto make = [pool, rows](Worker& worker, std::size_t number) -> Step {
    return [pool, rows, &worker, random = Random(number)]() mutable {
      const std::int64_t id = 1 + random.below(rows);
      worker.attempt(Kind::Update, [&] { pool->run("UPDATE record SET version = version + 1 WHERE id = ?", id); });
    };
  };
  return {threads, make};
}

}  // namespace

Scenario longScans(const Setting& setting) {
  Scenario scenario;
  scenario.pool = std::make_shared<ConnectionPool>(stressConfig(setting.options));
  const std::size_t writing = std::max<std::size_t>(1, setting.options.threads / 4);
  const std::size_t scanning = std::max<std::size_t>(1, setting.options.threads - writing);
  scenario.roles = {scanners(scanning, scenario.pool, setting.database.rows),
                    writers(writing, scenario.pool, setting.database.rows)};
  return scenario;
}

}  // namespace bench
