#include "progress.hpp"

#include <cstdio>

#include "format.hpp"

namespace edge_agent {
namespace {

constexpr auto kTerminalInterval = std::chrono::milliseconds{500};
constexpr auto kLinesInterval = std::chrono::seconds{5};

}  // namespace

bool Progress::isDue() const {
  const auto since = std::chrono::steady_clock::now() - shown_;
  switch (style_) {
    case Style::Quiet: return false;
    case Style::Lines: return since >= kLinesInterval;
    case Style::Terminal: return since >= kTerminalInterval;
  }
  return false;
}

void Progress::update(const Figures& figures) {
  shown_ = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(figures.elapsed - elapsedBefore_).count();
  const std::uint64_t readings = figures.readings();
  const std::uint64_t queries = figures.queryLatency.count;
  const auto perSecond = [seconds](std::uint64_t now, std::uint64_t before) {
    return seconds > 0 ? static_cast<double>(now - before) / seconds : 0.0;
  };
  std::printf("%s%7.1fs  %llu rows  %.0f rows/s  %.1f queries/s  p99 %s  alarms %lld  db %s  sqlite %s  rss %s%s",
              style_ == Style::Terminal ? "\r\033[K" : "", std::chrono::duration<double>(figures.elapsed).count(),
              static_cast<unsigned long long>(readings), perSecond(readings, readingsBefore_),
              perSecond(queries, queriesBefore_), formatDuration(figures.queryLatency.p99).c_str(),
              static_cast<long long>(figures.alarms.open),
              formatBytes(figures.databaseBytes + figures.logBytes).c_str(),
              formatBytes(figures.pool.memoryUsedBytes).c_str(), formatBytes(figures.residentBytes).c_str(),
              style_ == Style::Terminal ? "" : "\n");
  std::fflush(stdout);
  elapsedBefore_ = figures.elapsed;
  readingsBefore_ = readings;
  queriesBefore_ = queries;
}

void Progress::finish() {
  if (style_ != Style::Terminal) return;
  std::printf("\r\033[K");
  std::fflush(stdout);
}

}  // namespace edge_agent
