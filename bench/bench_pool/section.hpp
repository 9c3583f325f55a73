#pragma once

#include <array>
#include <string>
#include <vector>

#include "bench_pool/options.hpp"
#include "support/progress.hpp"
#include "support/rounds.hpp"

namespace bench {

/// A figure that was set as a goal.
struct Target {
  std::string what;
  std::string wanted;
  std::string reached;
  bool met = false;
};

/// One comparison. The ratios of all series are to `base`.
struct Section {
  std::string title;
  std::vector<Series> series;
  std::size_t base = 0;
  std::vector<Target> targets;
};

/// What a section works with. `directory` is its own and empty.
struct Bench {
  const Options& options;
  std::string directory;
  Progress& progress;
};

/// Leasing and giving back, beside two minimal pools and a bare point read.
std::vector<Section> measureAcquire(const Bench& bench);
/// Point reads by primary key, for each number of threads.
std::vector<Section> measurePointRead(const Bench& bench);
/// Single-row inserts, with and without a sync a commit.
std::vector<Section> measureInsert(const Bench& bench);
/// Opening and closing.
std::vector<Section> measureOpen(const Bench& bench);

struct SectionPlan {
  const char* name;
  std::vector<Section> (*measure)(const Bench& bench);
};

inline constexpr std::array kSections{SectionPlan{"acquire", measureAcquire}, SectionPlan{"read", measurePointRead},
                                      SectionPlan{"insert", measureInsert}, SectionPlan{"open", measureOpen}};

}  // namespace bench
