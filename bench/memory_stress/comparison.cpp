#include "memory_stress/comparison.hpp"

#include <algorithm>
#include <array>

#include "memory_stress/interrupt.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

constexpr std::int64_t kEntrants = 4;
constexpr std::chrono::milliseconds kTurn{500};
constexpr std::int64_t kFewestTurns = 3;
constexpr std::int64_t kMostTurns = 25;

void add(Entrant& entrant, const LoadResult& turn) {
  LoadResult& total = entrant.total;
  entrant.perSecond.push_back(turn.perSecond());
  total.seconds += turn.seconds;
  total.completed += turn.completed;
  total.refused += turn.refused;
  total.otherErrors += turn.otherErrors;
  total.heapPeakBytes = std::max(total.heapPeakBytes, turn.heapPeakBytes);
  total.p50Nanoseconds = turn.p50Nanoseconds;
  total.p99Nanoseconds = turn.p99Nanoseconds;
  total.completedOf.resize(kKinds);
  total.refusedOf.resize(kKinds);
  for (std::size_t i = 0; i < kKinds; ++i) {
    total.completedOf[i] += turn.completedOf[i];
    total.refusedOf[i] += turn.refusedOf[i];
  }
  if (total.firstError.empty()) total.firstError = turn.firstError;
  if (total.firstRefusal.empty()) total.firstRefusal = turn.firstRefusal;
  if (total.failure.empty()) total.failure = turn.failure;
}

LoadRequest requestFor(const Setting& setting, Side side, std::int64_t limit) {
  const Options& options = setting.options;
  LoadRequest request;
  request.side = side;
  request.database = options.databasePath();
  request.rows = setting.database.rows;
  request.largeRows = setting.database.largeRows;
  request.threads = options.threads;
  request.handles = options.handles;
  request.limit = limit;
  request.seed = options.seed;
  return request;
}

std::vector<double> quotients(const Entrant& a, const Entrant& b) {
  std::vector<double> result;
  for (std::size_t i = 0; i < std::min(a.perSecond.size(), b.perSecond.size()); ++i) {
    if (b.perSecond[i] > 0) result.push_back(a.perSecond[i] / b.perSecond[i]);
  }
  return result;
}

}  // namespace

Comparison runComparison(const Setting& setting, std::chrono::milliseconds duration, Monitor& monitor) {
  Comparison result;
  const std::int64_t limit = setting.options.limit;
  struct Turn {
    Entrant& entrant;
    LoadRequest request;
  };
  std::array<Turn, kEntrants> turns{Turn{result.budget, requestFor(setting, Side::Pool, limit)},
                                    Turn{result.unlimited, requestFor(setting, Side::Pool, 0)},
                                    Turn{result.bare, requestFor(setting, Side::Bare, 0)},
                                    Turn{result.limited, requestFor(setting, Side::Bare, limit)}};
  result.budget.name = "holdfast, " + bytesText(static_cast<double>(limit));
  result.unlimited.name = "holdfast, no limit";
  result.bare.name = format("%zu bare handles, default caches", setting.options.threads);
  result.limited.name = "the same, hard limit " + bytesText(static_cast<double>(limit));
  monitor.begin("comparison");
  const std::int64_t rounds = std::clamp(duration / (kEntrants * kTurn), kFewestTurns, kMostTurns);
  for (std::int64_t round = 0; round < rounds && !interrupted(); ++round) {
    for (std::size_t i = 0; i < turns.size(); ++i) {
      Turn& turn = turns[(i + static_cast<std::size_t>(round)) % turns.size()];
      turn.request.milliseconds = duration.count() / (kEntrants * rounds);
      monitor.announce(
          format("comparison, turn %lld of %lld: ", static_cast<long long>(round + 1), static_cast<long long>(rounds)) +
          turn.entrant.name);
      add(turn.entrant, runLoad(setting.server, turn.request));
    }
  }
  result.toUnlimited = quotients(result.budget, result.unlimited);
  result.toBare = quotients(result.budget, result.bare);
  return result;
}

bool SingleHandle::can(std::size_t kind) const {
  const auto could = [kind](const LoadResult& load) {
    return load.failure.empty() && load.completedOf[kind] > 0 && load.refusedOf[kind] == 0;
  };
  return kind >= kStatementKinds || could(plain) || could(tuned);
}

SingleHandle trySingleHandle(const Setting& setting) {
  const std::int64_t limit = setting.options.limit;
  return {runLoad(setting.server, requestFor(setting, Side::Single, limit)),
          runLoad(setting.server, requestFor(setting, Side::Tuned, limit))};
}

}  // namespace bench
