#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include <holdfast/connection_manager.hpp>

// The smallest program that uses the core, and room for one feature: what it grows by is what the feature costs.

/// Uses the feature on an open database; false where it does not work.
bool useFeature(holdfast::ConnectionManager& db);

inline int runFootprint(int count, char** arguments) try {
  using namespace holdfast;
  ConnectionConfig config;
  config.database = count > 1 ? arguments[1] : "footprint.db";
  config.memoryLimit = 4 * MiB;
  ConnectionManager& db = ConnectionManager::instance();
  db.open(config);
  db.run("CREATE TABLE IF NOT EXISTS t(x INTEGER)");
  db.transaction([](Transaction& tx) { tx.run("INSERT INTO t VALUES (?)", 42); });
  bool good = db.queryValue<std::int64_t>("SELECT max(x) FROM t") == 42;
  good = useFeature(db) && good;
  const PoolMetrics metrics = db.metrics();
  std::printf("%zu handles, %lld bytes\n", metrics.totalConnections, static_cast<long long>(metrics.memoryUsedBytes));
  db.close();
  return good ? 0 : 1;
} catch (const holdfast::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
