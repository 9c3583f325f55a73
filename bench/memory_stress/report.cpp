#include "memory_stress/report.hpp"

#include <cstdio>

#include "support/table.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

std::string text(std::int64_t bytes) { return bytesText(static_cast<double>(bytes)); }

std::string count(std::uint64_t value) { return format("%llu", static_cast<unsigned long long>(value)); }

void printHead(const Run& run) {
  const Database& database = run.database;
  std::printf("Database %s: %s, %lld rows (%s in %.1f s)\n", run.options.databasePath().c_str(),
              text(database.bytes).c_str(), static_cast<long long>(database.rows),
              database.reused ? "taken over" : "made", database.seconds);
  std::printf("Budget %s of SQLite heap, %zu handles, %zu threads\n\n", text(run.options.limit).c_str(),
              run.options.handles, run.options.threads);
}

void printScenarios(const Run& run) {
  Table table({"scenario", "operations", "a second", "expected errors", "unexpected", "p50", "p99", "heap peak",
               "resident", "at the end", "log peak"});
  for (const ScenarioResult& scenario : run.scenarios) {
    const LatencyHistogram latency = scenario.tally.allLatencies();
    table.addRow({scenario.name, count(scenario.tally.completed),
                  rateText(static_cast<double>(scenario.tally.completed) / scenario.seconds),
                  count(scenario.tally.expectedErrors), count(scenario.tally.unexpectedErrors),
                  durationText(latency.quantile(0.5)), durationText(latency.quantile(0.99)),
                  text(scenario.heapPeakBytes), text(scenario.residentStartBytes), text(scenario.residentEndBytes),
                  text(scenario.logPeakBytes)});
  }
  table.print(stdout);
}

void printSideBySide(const Run& run) {
  const SideBySide& sides = run.sideBySide;
  const BareSlice& bare = sides.bareTotal;
  std::printf("\nSide by side, the mixed load in turns (median of %zu):\n", sides.ours.size());
  Table table({"", "a second", "heap peak", "refused for memory", "other errors"});
  table.addRow({"holdfast", rateText(median(sides.ours)), text(sides.oursHeapPeakBytes),
                count(sides.tally.memoryRefusals), count(sides.tally.unexpectedErrors - sides.tally.memoryRefusals)});
  table.addRow({"bare SQLite, default caches", rateText(median(sides.bare)), text(bare.heapPeakBytes),
                count(bare.memoryRefusals), count(bare.errors - bare.memoryRefusals)});
  table.addRow({"holdfast / bare", format("%.2f", sides.ratio),
                format("%.2f", bare.heapPeakBytes == 0 ? 0
                                                       : static_cast<double>(sides.oursHeapPeakBytes) /
                                                             static_cast<double>(bare.heapPeakBytes))});
  const BareSlice& limited = sides.limited;
  table.addRow({"bare, hard limit " + text(run.options.limit),
                rateText(limited.seconds == 0 ? 0 : static_cast<double>(limited.completed) / limited.seconds),
                text(limited.heapPeakBytes), count(limited.memoryRefusals),
                count(limited.errors - limited.memoryRefusals)});
  table.print(stdout);
}

}  // namespace

void printReport(const Run& run, const std::vector<Verdict>& verdicts) {
  printHead(run);
  printScenarios(run);
  printSideBySide(run);
  std::printf("\n");
  for (const Verdict& verdict : verdicts) {
    std::printf("%-6s %s: %s\n", verdict.held ? "held" : "BROKEN", verdict.name.c_str(), verdict.detail.c_str());
  }
}

}  // namespace bench
