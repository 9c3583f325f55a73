#include "summary.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <nlohmann/json.hpp>

#include "format.hpp"

namespace edge_agent {
namespace {

using holdfast::LatencySummary;
using nlohmann::json;
using Count = unsigned long long;

double secondsOf(const Figures& figures) { return std::chrono::duration<double>(figures.elapsed).count(); }

void printSources(const Figures& figures) {
  std::printf("\n  %-12s %9s %9s %10s %9s %7s %7s %7s %12s\n", "source", "interval", "batches", "readings", "per s",
              "alarms", "missed", "lost", "kept in all");
  for (const SourceFigures& source : figures.sources) {
    std::printf("  %-12s %9s %9llu %10llu %9.1f %7llu %7llu %7llu %12lld\n", std::string(source.name).c_str(),
                formatDuration(source.interval).c_str(), static_cast<Count>(source.batches),
                static_cast<Count>(source.readings), static_cast<double>(source.readings) / secondsOf(figures),
                static_cast<Count>(source.alarmsOpen), static_cast<Count>(source.missedLooks),
                static_cast<Count>(source.lostBatches), static_cast<long long>(source.keptReadings));
  }
}

void printLatency(const char* name, const LatencySummary& latency) {
  std::printf("  %-36s %8llu %10s %10s %10s %10s %10s\n", name, static_cast<Count>(latency.count),
              formatDuration(latency.mean).c_str(), formatDuration(latency.p50).c_str(),
              formatDuration(latency.p90).c_str(), formatDuration(latency.p99).c_str(),
              formatDuration(latency.max).c_str());
}

void printLatencies(const Figures& figures) {
  std::printf("\n  %-36s %8s %10s %10s %10s %10s %10s\n", "latency", "count", "mean", "p50", "p90", "p99", "max");
  printLatency("transaction", figures.pool.transactionLatency);
  printLatency("statement", figures.pool.queryLatency);
  printLatency("waiting for a handle", figures.pool.acquireLatency);
  for (const QueryFigures& query : figures.queries) {
    if (query.latency.count > 0) printLatency(std::string("query: ").append(query.name).c_str(), query.latency);
  }
  if (figures.retention.latency.count > 0) printLatency("retention transaction", figures.retention.latency);
}

void printPool(const Figures& figures) {
  const holdfast::PoolMetrics& pool = figures.pool;
  std::printf("\n  transactions  %llu committed, %llu rolled back, %llu retried; %llu checkpoints\n",
              static_cast<Count>(pool.transactionsCommitted), static_cast<Count>(pool.transactionsRolledBack),
              static_cast<Count>(pool.transactionRetries), static_cast<Count>(pool.checkpoints));
  std::printf("  alarms        %lld raised, %lld open\n", static_cast<long long>(figures.alarms.raised),
              static_cast<long long>(figures.alarms.open));
  std::printf("  retention     %llu readings in %llu batches deleted by %llu transactions\n",
              static_cast<Count>(figures.retention.readings), static_cast<Count>(figures.retention.batches),
              static_cast<Count>(figures.retention.transactions));
  const std::string limit = pool.memoryLimitBytes > 0 ? formatBytes(pool.memoryLimitBytes) : "no limit";
  std::printf("  memory        SQLite %s, peak %s of %s; process %s\n", formatBytes(pool.memoryUsedBytes).c_str(),
              formatBytes(pool.memoryPeakBytes).c_str(), limit.c_str(), formatBytes(figures.residentBytes).c_str());
  if (figures.faults > 0) std::printf("  faults        %llu\n", static_cast<Count>(figures.faults));
  std::printf("  database      %s (%s, log %s)\n\n", figures.database.c_str(),
              formatBytes(figures.databaseBytes).c_str(), formatBytes(figures.logBytes).c_str());
}

json sourceToJson(const SourceFigures& source) {
  return {{"name", source.name},
          {"intervalMs", source.interval.count()},
          {"batches", source.batches},
          {"readings", source.readings},
          {"lostBatches", source.lostBatches},
          {"missedLooks", source.missedLooks},
          {"alarmsOpen", source.alarmsOpen},
          {"keptReadings", source.keptReadings}};
}

}  // namespace

void printSummary(const Figures& figures) {
  const double seconds = secondsOf(figures);
  std::printf("\nRun %lld %s after %.1f s: %llu readings, %.0f a second; %llu queries, %.1f a second.\n",
              static_cast<long long>(figures.run), figures.clean ? "ended cleanly" : "FAILED", seconds,
              static_cast<Count>(figures.readings()), static_cast<double>(figures.readings()) / seconds,
              static_cast<Count>(figures.queryLatency.count),
              static_cast<double>(figures.queryLatency.count) / seconds);
  printSources(figures);
  printLatencies(figures);
  printPool(figures);
  std::fflush(stdout);
}

json toJson(const Figures& figures) {
  json sources = json::array();
  for (const SourceFigures& source : figures.sources) sources.push_back(sourceToJson(source));
  json queries = json::array();
  for (const QueryFigures& query : figures.queries) {
    queries.push_back({{"name", query.name}, {"rows", query.rows}, {"latency", toJson(query.latency)}});
  }
  const RetentionFigures& retention = figures.retention;
  return {{"run", figures.run},
          {"clean", figures.clean},
          {"startedAt", formatTime(figures.startedAt)},
          {"seconds", secondsOf(figures)},
          {"readings", figures.readings()},
          {"sources", std::move(sources)},
          {"queries", std::move(queries)},
          {"queryLatency", toJson(figures.queryLatency)},
          {"retention",
           {{"transactions", retention.transactions},
            {"batches", retention.batches},
            {"readings", retention.readings},
            {"latency", toJson(retention.latency)}}},
          {"alarms", {{"raised", figures.alarms.raised}, {"open", figures.alarms.open}}},
          {"faults", figures.faults},
          {"database", figures.database},
          {"databaseBytes", figures.databaseBytes},
          {"logBytes", figures.logBytes},
          {"residentBytes", figures.residentBytes},
          {"pool", toJson(figures.pool)}};
}

void writeMetrics(const Figures& figures, const std::string& path) {
  const std::string text = toJson(figures).dump(2) + "\n";
  const std::string beside = path + ".new";
  std::FILE* file = std::fopen(beside.c_str(), "we");
  if (file == nullptr) throw std::system_error(errno, std::generic_category(), beside);
  const bool isWritten = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool isClosed = std::fclose(file) == 0;
  if (!isWritten || !isClosed || std::rename(beside.c_str(), path.c_str()) != 0) {
    throw std::system_error(errno, std::generic_category(), path);
  }
}

}  // namespace edge_agent
