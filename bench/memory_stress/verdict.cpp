#include "memory_stress/verdict.hpp"

#include <algorithm>

#include "memory_stress/flatness.hpp"
#include "support/statistics.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

/// From this budget on the pool should be about as fast as without one.
constexpr std::int64_t kFastFrom = holdfast::MiB;
constexpr double kFastEnough = 0.9;

std::string text(std::int64_t bytes) { return bytesText(static_cast<double>(bytes)); }
unsigned long long number(std::uint64_t value) { return value; }

template <typename F>
void forEachRefusal(const Run& run, F&& visit) {
  const auto visitAll = [&](const auto& refusedOf) {
    for (std::size_t kind = 0; kind < refusedOf.size(); ++kind) visit(kind, refusedOf[kind]);
  };
  if (run.comparison) visitAll(run.comparison->budget.total.refusedOf);
  for (const ScenarioResult& scenario : run.scenarios) visitAll(scenario.tally.refusedOf);
}

Verdict withinLimit(const Run& run) {
  std::int64_t peak = run.heapPeakBytes;
  if (run.comparison) peak = std::max(peak, run.comparison->budget.total.heapPeakBytes);
  return {"SQLite heap within the limit", peak <= run.options.limit,
          "peak " + text(peak) + " of " + text(run.options.limit)};
}

/// The budget is for caches of repositories as well; they are looked at ten times a second.
Verdict cachesWithinLimit(const Run& run) {
  std::int64_t most = 0;
  for (const Sample& sample : run.samples) most = std::max(most, sample.heapBytes + sample.cacheBytes);
  return {"heap and repository caches within the limit", most <= run.options.limit,
          "seen " + text(most) + " of " + text(run.options.limit)};
}

Verdict nothingRefused(const Run& run) {
  std::uint64_t seen = 0;
  forEachRefusal(run, [&](std::size_t, std::uint64_t times) { seen += times; });
  const std::uint64_t unduly = refusedUnduly(run);
  std::uint64_t allowed = 0;
  std::string where;
  std::string first;
  const auto add = [&](const std::string& name, std::uint64_t times, const std::string& what) {
    if (times == 0) return;
    where += (where.empty() ? "" : ", ") + name + format(" %llu", number(times));
    if (first.empty()) first = "; first: " + what;
  };
  if (run.comparison) add(kComparison, run.comparison->budget.total.refused, run.comparison->budget.total.firstRefusal);
  for (const ScenarioResult& scenario : run.scenarios) {
    allowed += scenario.tally.allowedRefusals;
    add(scenario.name, scenario.tally.refused(), scenario.tally.firstRefusal);
  }
  std::string detail = format("%llu of %llu refused", number(unduly), number(seen));
  if (!where.empty()) detail += " (" + where + ")";
  return {"no operation refused for memory that one bare handle could do", unduly == 0,
          detail + format("; %llu more where that is a right answer", number(allowed)) + first};
}

Verdict noUnexpected(const Run& run) {
  std::uint64_t errors = 0;
  std::string first;
  const auto add = [&](const std::string& name, std::uint64_t times, const std::string& what) {
    errors += times;
    if (first.empty() && times > 0) first = name + ": " + what;
  };
  if (run.comparison) {
    const LoadResult& ours = run.comparison->budget.total;
    const LoadResult& unlimited = run.comparison->unlimited.total;
    add(kComparison, ours.otherErrors + (ours.failure.empty() ? 0 : 1), ours.firstError + ours.failure);
    add("without a limit", unlimited.otherErrors + unlimited.refused + (unlimited.failure.empty() ? 0 : 1),
        unlimited.firstError + unlimited.firstRefusal + unlimited.failure);
  }
  for (const ScenarioResult& scenario : run.scenarios) {
    // Those for memory have a verdict of their own.
    add(scenario.name, scenario.tally.unexpectedErrors - scenario.tally.refused(), scenario.tally.firstUnexpected);
  }
  return {"no unexpected error", errors == 0, errors == 0 ? "none" : format("%llu, first: ", number(errors)) + first};
}

/// Broken only where most turns say so: other programs on the machine slow single ones down.
Verdict fastEnough(const Run& run) {
  const std::vector<double>& ratios = run.comparison->toUnlimited;
  const double middle = median(ratios);
  const double upper = quantile(ratios, 0.75);
  return {"throughput as without a limit", run.options.limit < kFastFrom || upper >= kFastEnough,
          format("%.2f of it, quartiles %.2f and %.2f, %zu turns%s", middle, quantile(ratios, 0.25), upper,
                 ratios.size(), run.options.limit < kFastFrom ? "; promised from 1 MiB" : "")};
}

Verdict nothingLeft(const Run& run) {
  const Sample& a = run.before;
  const Sample& b = run.after;
  return {"nothing left behind after closing",
          b.heapBytes <= a.heapBytes && b.cacheBytes <= a.cacheBytes && b.threads <= a.threads &&
              b.descriptors + b.temporaryFiles <= a.descriptors + a.temporaryFiles,
          format("SQLite heap %s then %s, caches %s then %s, files %d then %d, threads %d then %d",
                 text(a.heapBytes).c_str(), text(b.heapBytes).c_str(), text(a.cacheBytes).c_str(),
                 text(b.cacheBytes).c_str(), a.descriptors + a.temporaryFiles, b.descriptors + b.temporaryFiles,
                 a.threads, b.threads)};
}

/// A write that was acknowledged must be there; one that failed must not, unless its outcome is unknown.
Verdict nothingLost(const Run& run) {
  std::uint64_t acknowledged = 0;
  std::uint64_t uncertain = 0;
  std::int64_t found = 0;
  std::string wrong;
  for (const ScenarioResult& scenario : run.scenarios) {
    const auto least = static_cast<std::int64_t>(scenario.tally.acknowledgedWrites());
    const std::int64_t most = least + static_cast<std::int64_t>(scenario.tally.uncertainWrites);
    // A process that crashed takes its count with it.
    const bool counted = scenario.elsewhere.failure.empty();
    if (scenario.writesFound < least || (counted && scenario.writesFound > most)) {
      wrong += format("; %s: %lld instead of %lld to %lld", scenario.name.c_str(),
                      static_cast<long long>(scenario.writesFound), static_cast<long long>(least),
                      static_cast<long long>(most));
    }
    acknowledged += scenario.tally.acknowledgedWrites();
    uncertain += scenario.tally.uncertainWrites;
    found += scenario.writesFound;
  }
  if (run.rowsMissing != 0) wrong += format("; %lld rows are missing", static_cast<long long>(run.rowsMissing));
  return {"acknowledged writes are there, failed ones are not", wrong.empty(),
          format("%llu acknowledged, %lld found, %llu of unknown outcome", number(acknowledged),
                 static_cast<long long>(found), number(uncertain)) +
              wrong};
}

Verdict smallestFits(const Run& run) {
  const std::int64_t smallest = run.smallest->smallest;
  return {"the budget suffices", smallest > 0 && smallest <= run.options.limit,
          smallest == 0 ? "no budget was found that does"
                        : "the smallest that works is " + text(smallest) +
                              format(" with %zu handles and %zu threads", run.options.handles, run.options.threads)};
}

void addScenarioVerdicts(const Run& run, std::vector<Verdict>& verdicts) {
  for (const ScenarioResult& scenario : run.scenarios) {
    if (scenario.judged) {
      for (Verdict& verdict : judgeFlatness(scenario)) verdicts.push_back(std::move(verdict));
    }
    verdicts.insert(verdicts.end(), scenario.verdicts.begin(), scenario.verdicts.end());
  }
}

}  // namespace

std::uint64_t refusedUnduly(const Run& run) {
  std::uint64_t refused = 0;
  forEachRefusal(
      run, [&](std::size_t kind, std::uint64_t times) { refused += run.single && !run.single->can(kind) ? 0 : times; });
  return refused;
}

bool hasRefusals(const Run& run) {
  bool any = false;
  forEachRefusal(run, [&](std::size_t, std::uint64_t times) { any = any || times > 0; });
  return any;
}

std::vector<Verdict> judge(const Run& run) {
  std::vector<Verdict> verdicts;
  if (run.comparison || !run.scenarios.empty()) {
    verdicts = {withinLimit(run), nothingRefused(run), noUnexpected(run)};
  }
  if (run.comparison) verdicts.push_back(fastEnough(run));
  if (run.smallest) verdicts.push_back(smallestFits(run));
  if (!run.scenarios.empty()) {
    verdicts.push_back(cachesWithinLimit(run));
    addScenarioVerdicts(run, verdicts);
    verdicts.push_back(nothingLeft(run));
    verdicts.push_back(nothingLost(run));
  }
  verdicts.push_back({"database intact", run.integrity == "ok", "integrity_check: " + run.integrity});
  if (run.interrupted) verdicts.push_back({"ran to its end", false, "interrupted"});
  return verdicts;
}

bool allHeld(const std::vector<Verdict>& verdicts) {
  return std::all_of(verdicts.begin(), verdicts.end(), [](const Verdict& verdict) { return verdict.held; });
}

}  // namespace bench
