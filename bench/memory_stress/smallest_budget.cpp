#include "memory_stress/smallest_budget.hpp"

#include <algorithm>

#include "memory_stress/interrupt.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

/// The least that a pool accepts.
constexpr std::int64_t kLeast = 256 * holdfast::KiB;
constexpr std::int64_t kMost = 256 * holdfast::MiB;
constexpr std::int64_t kGrain = 16 * holdfast::KiB;
/// About so many trials are made.
constexpr int kTrials = 12;
constexpr std::chrono::milliseconds kShortest{500};

class Search {
 public:
  Search(const Setting& setting, std::chrono::milliseconds trial, Monitor& monitor)
      : setting_(setting), trial_(std::max(trial, kShortest)), monitor_(monitor) {}

  SmallestBudget run() {
    std::int64_t bad = kLeast - kGrain;
    std::int64_t good = setting_.options.limit;
    while (!works(good)) {
      bad = good;
      good *= 2;
      if (good > kMost || interrupted()) return result_;
    }
    while (good > kLeast && !interrupted()) {
      const std::int64_t next = nextBelow(good, bad);
      if (next >= good || next <= bad) break;
      (works(next) ? good : bad) = next;
    }
    result_.smallest = good;
    return result_;
  }

 private:
  /// Three quarters while nothing has failed yet, then the middle, until the two are close.
  static std::int64_t nextBelow(std::int64_t good, std::int64_t bad) {
    const auto round = [](std::int64_t bytes) { return bytes / kGrain * kGrain; };
    if (bad < kLeast) return std::max(kLeast, round(good / 4 * 3));
    if (good - bad <= std::max(kGrain, good / 8)) return good;
    return round((good + bad) / 2);
  }

  bool works(std::int64_t limit) { return tryOnce(limit) && tryOnce(limit); }

  bool tryOnce(std::int64_t limit) {
    monitor_.announce("smallest budget: trying " + bytesText(static_cast<double>(limit)));
    const Options& options = setting_.options;
    LoadRequest request;
    request.database = options.databasePath();
    request.rows = setting_.database.rows;
    request.largeRows = setting_.database.largeRows;
    request.milliseconds = trial_.count();
    request.threads = options.threads;
    request.handles = options.handles;
    request.limit = limit;
    request.seed = options.seed + result_.trials.size();
    BudgetTrial trial{limit, false, runLoad(setting_.server, request)};
    trial.works = trial.load.failure.empty() && trial.load.refused + trial.load.otherErrors == 0 &&
                  trial.load.heapPeakBytes <= limit;
    result_.trials.push_back(trial);
    return trial.works;
  }

  const Setting& setting_;
  std::chrono::milliseconds trial_;
  Monitor& monitor_;
  SmallestBudget result_;
};

}  // namespace

SmallestBudget findSmallestBudget(const Setting& setting, std::chrono::milliseconds duration, Monitor& monitor) {
  monitor.begin("smallest budget");
  return Search(setting, duration / kTrials, monitor).run();
}

}  // namespace bench
