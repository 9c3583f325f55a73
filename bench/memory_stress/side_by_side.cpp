#include "memory_stress/side_by_side.hpp"

#include <algorithm>

#include "memory_stress/interrupt.hpp"
#include "support/statistics.hpp"

namespace bench {

namespace {

constexpr int kTurns = 4;

void add(BareSlice& total, const BareSlice& slice) {
  total.seconds += slice.seconds;
  total.completed += slice.completed;
  total.errors += slice.errors;
  total.memoryRefusals += slice.memoryRefusals;
  total.heapPeakBytes = std::max(total.heapPeakBytes, slice.heapPeakBytes);
  total.p50Nanoseconds = slice.p50Nanoseconds;
  total.p99Nanoseconds = slice.p99Nanoseconds;
}

}  // namespace

SideBySide runSideBySide(const Setting& setting, BareChild& child, std::chrono::milliseconds duration,
                         Monitor& monitor) {
  SideBySide result;
  monitor.begin("side by side");
  const std::chrono::milliseconds slice = duration / (2 * kTurns + 1);
  BareRequest request{slice.count(), setting.database.rows, static_cast<std::int64_t>(setting.options.threads), 0};
  const Scenario scenario = mixedLoad(setting);
  for (int turn = 0; turn < kTurns && !interrupted(); ++turn) {
    const TeamResult ours = runTeam(scenario.roles, slice, &monitor);
    result.ours.push_back(static_cast<double>(ours.tally.completed) / ours.seconds);
    result.tally.merge(ours.tally);
    monitor.announce("side by side: bare SQLite's turn");
    const BareSlice bare = child.run(request);
    result.bare.push_back(static_cast<double>(bare.completed) / bare.seconds);
    add(result.bareTotal, bare);
  }
  scenario.pool->close();
  result.oursHeapPeakBytes = monitor.scenarioHeapPeakBytes();
  result.ratio = pairedRatio(result.ours, result.bare);
  request.hardHeapLimit = setting.options.limit;
  monitor.announce("side by side: bare SQLite under a hard heap limit");
  result.limited = child.run(request);
  return result;
}

}  // namespace bench
