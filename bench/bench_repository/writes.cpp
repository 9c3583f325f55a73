#include <map>
#include <stdexcept>

#include "bench_repository/entrants.hpp"
#include "bench_repository/readings.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr double kWantedMany = 0.97;
constexpr double kWantedSingle = 0.92;

[[noreturn]] void throwNotThere(const Entrant& entrant, std::int64_t id) {
  throw std::runtime_error(format("%s did not find row %lld", entrant.contestant->name, static_cast<long long>(id)));
}

/// Keeps count of what each one's table must hold.
using Books = std::map<const Entrant*, Contents>;

void requireBooks(const Books& books) {
  for (const auto& [entrant, contents] : books) requireContents(entrant->contestant->name, entrant->path, contents);
}

Contents contentsOfNew(std::int64_t rows) {
  Contents contents{rows, 0};
  for (std::int64_t id = 1; id <= rows; ++id) contents.sum += valueOf(id);
  return contents;
}

Section measureUpdates(const Bench& bench, bool syncCommits, const char* title) {
  const std::int64_t rows = bench.options.rows;
  std::vector<Entrant> entrants = enter(bench, rows, syncCommits);
  std::map<const Entrant*, std::vector<double>> values;
  for (const Entrant& entrant : entrants) {
    for (std::int64_t id = 1; id <= rows; ++id) values[&entrant].push_back(valueOf(id));
  }
  Section section = race(bench, title, entrants, kWantedSingle, [&](Entrant& entrant, auto duration) {
    std::vector<double>& held = values[&entrant];
    return repeat(duration, 1, [&] {
      const std::int64_t id = 1 + entrant.random.below(rows);
      double& value = held[static_cast<std::size_t>(id - 1)];
      value += 0.25;
      const std::optional<Reading> changed = entrant.layer->update(id, value);
      if (!changed || changed->value != value || changed->id != id) throwNotThere(entrant, id);
    });
  });
  Books books;
  for (const auto& [entrant, held] : values) {
    books[entrant] = {rows, 0};
    for (const double value : held) books[entrant].sum += value;
  }
  requireBooks(books);
  return section;
}

Section measureRemovals(const Bench& bench, bool syncCommits, const char* title) {
  const std::int64_t rows = bench.options.removable;
  std::vector<Entrant> entrants = enter(bench, rows, syncCommits);
  std::map<const Entrant*, std::int64_t> removed;
  Section section = race(bench, title, entrants, kWantedSingle, [&](Entrant& entrant, auto duration) {
    std::int64_t& last = removed[&entrant];
    Round round;
    const auto start = SteadyClock::now();
    SteadyClock::duration away{0};
    auto now = start;
    while (now - start - away < duration) {
      if (last == rows) {  // Made anew with the clock stopped.
        std::vector<Reading> readings = makeReadings(rows);
        entrant.layer->createMany(readings);
        last = 0;
        away += SteadyClock::now() - now;
      }
      if (!entrant.layer->remove(++last)) throwNotThere(entrant, last);
      ++round.operations;
      now = SteadyClock::now();
    }
    round.seconds = std::chrono::duration<double>(now - start - away).count();
    return round;
  });
  Books books;
  for (const auto& [entrant, last] : removed) {
    books[entrant] = contentsOfNew(rows);
    const Contents gone = contentsOfNew(last);
    books[entrant] = {books[entrant].rows - gone.rows, books[entrant].sum - gone.sum};
  }
  requireBooks(books);
  return section;
}

}  // namespace

std::vector<Section> measureCreateMany(const Bench& bench) {
  const std::int64_t batch = bench.options.batch;
  std::vector<Entrant> entrants = enter(bench, 0, true);
  const Contents due = contentsOfNew(batch);
  std::vector<Reading> readings = makeReadings(batch);
  const std::string title = format("createMany, %lld rows in one durable transaction", static_cast<long long>(batch));
  Section section = race(bench, title, entrants, kWantedMany, [&](Entrant& entrant, auto duration) {
    Round round;
    // The clock runs while rows are created, not while they are taken away again.
    while (std::chrono::duration<double>(duration).count() > round.seconds) {
      entrant.layer->execute("DELETE FROM reading");
      for (Reading& reading : readings) reading.id = 0;
      const auto start = SteadyClock::now();
      entrant.layer->createMany(readings);
      round.seconds += std::chrono::duration<double>(SteadyClock::now() - start).count();
      round.operations += static_cast<std::uint64_t>(batch);
      if (readings.back().id != batch) throwNotThere(entrant, batch);
    }
    requireContents(entrant.contestant->name, entrant.path, due);
    return round;
  });
  return {section};
}

std::vector<Section> measureUpdate(const Bench& bench) {
  return {measureUpdates(bench, true, "update by id, synced"),
          measureUpdates(bench, false, "update by id, without a sync")};
}

std::vector<Section> measureRemove(const Bench& bench) {
  return {measureRemovals(bench, true, "remove by id, synced"),
          measureRemovals(bench, false, "remove by id, without a sync")};
}

}  // namespace bench
