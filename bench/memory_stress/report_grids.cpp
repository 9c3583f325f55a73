#include <nlohmann/json.hpp>

#include "memory_stress/report.hpp"
#include "support/process_facts.hpp"
#include "support/statistics.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

std::string text(std::int64_t bytes) { return bytesText(static_cast<double>(bytes)); }
std::string count(std::uint64_t value) { return format("%llu", static_cast<unsigned long long>(value)); }

std::vector<std::string> entrantRow(const Entrant& entrant) {
  const LoadResult& total = entrant.total;
  return {entrant.name,
          rateText(median(entrant.perSecond)),
          durationText(std::chrono::nanoseconds(total.p50Nanoseconds)),
          durationText(std::chrono::nanoseconds(total.p99Nanoseconds)),
          text(total.heapPeakBytes),
          count(total.refused),
          count(total.otherErrors)};
}

/// How many kinds one bare handle was refused; the JSON says which.
std::string refusalsOf(const LoadResult& single) {
  std::size_t kinds = 0;
  for (const std::uint64_t refused : single.refusedOf) kinds += refused > 0 ? 1 : 0;
  return kinds == 0 ? "" : format(" (%zu of %zu kinds)", kinds, kStatementKinds);
}

std::vector<std::string> singleRow(const std::string& name, const LoadResult& load) {
  return {name,
          rateText(load.perSecond()),
          durationText(std::chrono::nanoseconds(load.p50Nanoseconds)),
          durationText(std::chrono::nanoseconds(load.p99Nanoseconds)),
          text(load.heapPeakBytes),
          count(load.refused) + refusalsOf(load),
          load.failure.empty() ? count(load.otherErrors) : load.failure};
}

}  // namespace

Grid scenarioGrid(const Run& run) {
  Grid grid{{"scenario", "operations", "a second", "expected errors", "unexpected", "p50", "p99", "heap peak",
             "resident", "at the end", "log peak"},
            {}};
  for (const ScenarioResult& scenario : run.scenarios) {
    LatencyHistogram latency = scenario.tally.allLatencies();
    const LoadResult& load = scenario.elsewhere;
    const auto quantile = [&](double q, std::int64_t elsewhere) {
      return durationText(scenario.ranElsewhere ? std::chrono::nanoseconds(elsewhere) : latency.quantile(q));
    };
    const double seconds = scenario.seconds > 0 ? scenario.seconds : 1;
    grid.rows.push_back({format("%zu %s", grid.rows.size() + 1, scenario.name.c_str()), count(scenario.tally.completed),
                         rateText(static_cast<double>(scenario.tally.completed) / seconds),
                         count(scenario.tally.expectedErrors), count(scenario.tally.unexpectedErrors),
                         quantile(0.5, load.p50Nanoseconds), quantile(0.99, load.p99Nanoseconds),
                         text(scenario.heapPeakBytes), text(scenario.residentStartBytes),
                         text(scenario.residentEndBytes), text(scenario.logPeakBytes)});
  }
  return grid;
}

Grid comparisonGrid(const Run& run) {
  Grid grid{{"the mixed load, in turns", "a second", "p50", "p99", "heap peak", "refused for memory", "other errors"},
            {}};
  if (run.comparison) {
    const Comparison& comparison = *run.comparison;
    for (const Entrant* entrant : {&comparison.budget, &comparison.unlimited, &comparison.bare, &comparison.limited}) {
      grid.rows.push_back(entrantRow(*entrant));
    }
    grid.rows.push_back({"holdfast / holdfast without a limit", format("%.2f", median(comparison.toUnlimited))});
    grid.rows.push_back({"holdfast / bare handles", format("%.2f", median(comparison.toBare))});
  }
  if (run.single) {
    const std::string limit = ", hard limit " + text(run.options.limit);
    grid.rows.push_back(singleRow("one bare handle, each kind" + limit, run.single->plain));
    grid.rows.push_back(singleRow("the same with a small cache and sorter", run.single->tuned));
  }
  for (auto& row : grid.rows) row.resize(grid.headings.size());
  return grid;
}

Grid smallestGrid(const SmallestBudget& smallest) {
  Grid grid{{"budget tried", "a second", "heap peak", "refused for memory", "other errors", "works"}, {}};
  for (const BudgetTrial& trial : smallest.trials) {
    grid.rows.push_back({text(trial.limit), rateText(trial.load.perSecond()), text(trial.load.heapPeakBytes),
                         count(trial.load.refused), count(trial.load.otherErrors),
                         trial.works ? "yes" : "no" + (trial.load.failure.empty() ? "" : ": " + trial.load.failure)});
  }
  return grid;
}

std::vector<std::string> headLines(const Run& run) {
  const Database& database = run.database;
  const auto machine = machineFacts();
  return {
      format("Database %s: %s, %lld rows of 1 KiB, %lld of 64 KiB (%s in %.1f s)", run.options.databasePath().c_str(),
             text(database.bytes).c_str(), static_cast<long long>(database.rows),
             static_cast<long long>(database.largeRows), database.reused ? "taken over" : "made", database.seconds),
      format("Budget %s of SQLite heap, %zu handles, %zu threads, seed %llu", text(run.options.limit).c_str(),
             run.options.handles, run.options.threads, static_cast<unsigned long long>(run.options.seed)),
      format("SQLite %s on %s, %s, %d cores", machine["sqliteVersion"].get<std::string>().c_str(),
             machine["processor"].get<std::string>().c_str(), machine["system"].get<std::string>().c_str(),
             machine["cores"].get<int>())};
}

}  // namespace bench
