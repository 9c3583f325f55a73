#include <nlohmann/json.hpp>

#include <holdfast/metrics.hpp>

namespace holdfast {
namespace {

template <typename T>
struct JsonField {
  const char* name;
  T PoolMetrics::*member;
};

#define HOLDFAST_FIELD(name) \
  { #name, &PoolMetrics::name }

constexpr JsonField<std::size_t> kSizes[] = {
    HOLDFAST_FIELD(poolSize),        HOLDFAST_FIELD(totalConnections), HOLDFAST_FIELD(activeConnections),
    HOLDFAST_FIELD(idleConnections), HOLDFAST_FIELD(pendingRequests),
};

constexpr JsonField<std::uint64_t> kCounters[] = {
    HOLDFAST_FIELD(totalQueries),
    HOLDFAST_FIELD(queryErrors),
    HOLDFAST_FIELD(connectionErrors),
    HOLDFAST_FIELD(acquires),
    HOLDFAST_FIELD(acquireWaits),
    HOLDFAST_FIELD(acquireTimeouts),
    HOLDFAST_FIELD(connectionsCreated),
    HOLDFAST_FIELD(connectionsDestroyed),
    HOLDFAST_FIELD(connectionsRenewed),
    HOLDFAST_FIELD(connectionsRecovered),
    HOLDFAST_FIELD(connectionsIdledOut),
    HOLDFAST_FIELD(verifications),
    HOLDFAST_FIELD(leaksReported),
    HOLDFAST_FIELD(leasesForced),
    HOLDFAST_FIELD(statesRestored),
    HOLDFAST_FIELD(transactionsCommitted),
    HOLDFAST_FIELD(transactionsRolledBack),
    HOLDFAST_FIELD(transactionRetries),
    HOLDFAST_FIELD(statementCacheHits),
    HOLDFAST_FIELD(statementCacheMisses),
    HOLDFAST_FIELD(statementCacheEvictions),
    HOLDFAST_FIELD(checkpoints),
    HOLDFAST_FIELD(checkpointsBlocked),
    HOLDFAST_FIELD(logsTruncated),
    HOLDFAST_FIELD(walPages),
    HOLDFAST_FIELD(walBytes),
    HOLDFAST_FIELD(groupCommits),
    HOLDFAST_FIELD(groupedTransactions),
    HOLDFAST_FIELD(largestGroup),
    HOLDFAST_FIELD(syncsSaved),
    HOLDFAST_FIELD(postedWork),
    HOLDFAST_FIELD(pendingPosts),
    HOLDFAST_FIELD(pendingAsync),
    HOLDFAST_FIELD(readAnchors),
    HOLDFAST_FIELD(backups),
    HOLDFAST_FIELD(backupFailures),
    HOLDFAST_FIELD(checks),
    HOLDFAST_FIELD(damageFound),
    HOLDFAST_FIELD(migrations),
    HOLDFAST_FIELD(scrubbedPages),
    HOLDFAST_FIELD(scrubRounds),
    HOLDFAST_FIELD(scrubFindings),
    HOLDFAST_FIELD(payloadBytes),
    HOLDFAST_FIELD(bytesLogged),
    HOLDFAST_FIELD(memoryRefusals),
    HOLDFAST_FIELD(memoryReliefs),
    HOLDFAST_FIELD(memoryRunsAlone),
    HOLDFAST_FIELD(storageRefusals),
};

constexpr JsonField<std::int64_t> kBytes[] = {
    HOLDFAST_FIELD(memoryUsedBytes),
    HOLDFAST_FIELD(memoryPeakBytes),
    HOLDFAST_FIELD(memoryLimitBytes),
};

constexpr JsonField<LatencySummary> kLatencies[] = {
    HOLDFAST_FIELD(acquireLatency),   HOLDFAST_FIELD(queryLatency),  HOLDFAST_FIELD(transactionLatency),
    HOLDFAST_FIELD(recoveryLatency),  HOLDFAST_FIELD(queueLatency),  HOLDFAST_FIELD(lockLatency),
    HOLDFAST_FIELD(executionLatency), HOLDFAST_FIELD(commitLatency),
};

#undef HOLDFAST_FIELD

}  // namespace

nlohmann::json toJson(const LatencySummary& summary) {
  nlohmann::json json;
  json["count"] = summary.count;
  json["meanNanoseconds"] = summary.mean.count();
  json["p50Nanoseconds"] = summary.p50.count();
  json["p90Nanoseconds"] = summary.p90.count();
  json["p99Nanoseconds"] = summary.p99.count();
  json["p999Nanoseconds"] = summary.p999.count();
  json["maxNanoseconds"] = summary.max.count();
  return json;
}

nlohmann::json toJson(const PoolMetrics& metrics) {
  nlohmann::json json;
  for (const auto& field : kSizes) json[field.name] = metrics.*field.member;
  for (const auto& field : kCounters) json[field.name] = metrics.*field.member;
  for (const auto& field : kBytes) json[field.name] = metrics.*field.member;
  for (const auto& field : kLatencies) json[field.name] = toJson(metrics.*field.member);
  json["groupSizes"] = metrics.groupSizes;
  // In the order of RecoveryCause; nothing is ever measured for none.
  constexpr const char* kCauses[] = {"none", "uncleanStop", "lost", "indexesDamaged", "damaged"};
  for (std::size_t i = 1; i < metrics.recoveryTook.size(); ++i) {
    json["recoveryTookNanoseconds"][kCauses[i]] = metrics.recoveryTook[i].count();
  }
  json["poolUtilization"] = metrics.poolUtilization;
  json["writeAmplification"] = metrics.writeAmplification;
  json["averageQueryTimeNanoseconds"] = metrics.averageQueryTime.count();
  json["backupTookNanoseconds"] = metrics.backupTook.count();
  json["memoryStage"] = toText(metrics.memoryStage);
  json["storageState"] = toText(metrics.storageState);
  return json;
}

}  // namespace holdfast
