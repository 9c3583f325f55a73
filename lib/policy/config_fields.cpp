#include "policy/config_fields.hpp"

#include <array>

#include <holdfast/units.hpp>

namespace holdfast {
namespace {

template <typename Duration>
constexpr Range upTo(Duration most) {
  return {0, most.count(), false};
}

template <typename Duration>
constexpr Range between(Duration least, Duration most) {
  return {least.count(), most.count(), false};
}

using Milliseconds = std::chrono::milliseconds;
using Microseconds = std::chrono::microseconds;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::int64_t kMostHandles = kHasThreads ? 60 : 1;
constexpr Milliseconds kYear = hours{8760};
constexpr std::int64_t kMostBytes = 1024 * GiB;  // Above it SQLite's own arithmetic on cache sizes would overflow.
constexpr std::int64_t kMostWritten = std::int64_t{1} << 60;

using Config = ConnectionConfig;
constexpr std::array kConfigFields{
    Field<Config>{"database", &Config::database},
    Field<Config>{"createIfMissing", &Config::createIfMissing},
    Field<Config>{"durability", &Config::durability},
    Field<Config>{"busyTimeout", &Config::busyTimeout, upTo(Milliseconds(minutes{10}))},
    Field<Config>{"acquireTimeout", &Config::acquireTimeout, upTo(Milliseconds(hours{1}))},
    Field<Config>{"openTimeout", &Config::openTimeout, upTo(Milliseconds(minutes{10}))},
    Field<Config>{"closeTimeout", &Config::closeTimeout, upTo(Milliseconds(hours{1}))},
    Field<Config>{"idleTimeout", &Config::idleTimeout, upTo(kYear)},
    Field<Config>{"maxConnectionAge", &Config::maxConnectionAge, upTo(kYear)},
    Field<Config>{"verifyAfter", &Config::verifyAfter, upTo(kYear)},
    Field<Config>{"leakThreshold", &Config::leakThreshold, upTo(kYear)},
    Field<Config>{"forceCleanupAfter", &Config::forceCleanupAfter, upTo(kYear)},
    Field<Config>{"housekeeping", &Config::housekeeping},
    Field<Config>{"housekeepingInterval", &Config::housekeepingInterval,
                  between(Milliseconds(10), Milliseconds(hours{1}))},
    Field<Config>{"openRetryDelay", &Config::openRetryDelay, between(Milliseconds(1), Milliseconds(minutes{10}))},
    Field<Config>{"propagateOpenError", &Config::propagateOpenError},
    Field<Config>{"foreignKeys", &Config::foreignKeys},
    Field<Config>{"groupMaxTransactions", &Config::groupMaxTransactions, {1, 1000}},
    Field<Config>{"groupMaxDelay", &Config::groupMaxDelay, upTo(Milliseconds(10'000))},
    Field<Config>{"postDelay", &Config::postDelay, upTo(Milliseconds(hours{1}))},
    Field<Config>{"postBatch", &Config::postBatch, {1, 100'000}},
    Field<Config>{"postCapacity", &Config::postCapacity, {1, 1'000'000}},
    Field<Config>{"readAnchor", &Config::readAnchor},
    Field<Config>{"asyncThreads", &Config::asyncThreads, {1, 64}},
    Field<Config>{"asyncCapacity", &Config::asyncCapacity, {1, 100'000}},
    Field<Config>{"poolSize", &Config::poolSize, {1, kMostHandles}},
    Field<Config>{"minPoolSize", &Config::minPoolSize, {1, kMostHandles}},
    Field<Config>{"dynamicSizing", &Config::dynamicSizing},
    Field<Config>{"memoryLimit", &Config::memoryLimit, {256 * KiB, kMostBytes, true}},
    Field<Config>{"residentLimit", &Config::residentLimit, {MiB, kMostBytes, true}},
    Field<Config>{"memorySignals", &Config::memorySignals},
    Field<Config>{"memorySignalsRoot", &Config::memorySignalsRoot},
    Field<Config>{"cacheSize", &Config::cacheSize, {16 * KiB, kMostBytes, true}},
    Field<Config>{"statementCacheEntries", &Config::statementCacheEntries, {1, 4096}},
    Field<Config>{"statementCacheBytes", &Config::statementCacheBytes, {0, kMostBytes}},
    Field<Config>{"groupMaxBytes", &Config::groupMaxBytes, {4 * KiB, kMostBytes}},
    Field<Config>{"maxTransactionBytes", &Config::maxTransactionBytes, {64 * KiB, kMostBytes, true}},
    Field<Config>{"tempStore", &Config::tempStore},
    Field<Config>{"checkpointPages", &Config::checkpointPages, {16, 262144}},
    Field<Config>{"walSizeLimit", &Config::walSizeLimit, {0, kMostBytes}},
    Field<Config>{"snapshotBudget", &Config::snapshotBudget, upTo(kYear)},
    Field<Config>{"storageReserve", &Config::storageReserve, {0, kMostBytes}},
    Field<Config>{"storageQuota", &Config::storageQuota, {64 * KiB, kMostBytes, true}},
    Field<Config>{"carefulFlash", &Config::carefulFlash},
    Field<Config>{"flashLedger", &Config::flashLedger},
    Field<Config>{"flashEndurance", &Config::flashEndurance, {0, kMostWritten}},
    Field<Config>{"flashDailyBudget", &Config::flashDailyBudget, {0, kMostWritten}},
    Field<Config>{"writeProofInterval", &Config::writeProofInterval, upTo(kYear)},
    Field<Config>{"ballastSize", &Config::ballastSize, {4 * KiB, kMostBytes, true}},
};

constexpr std::array kRetryFields{
    Field<RetryPolicy>{"maxRetries", &RetryPolicy::maxRetries, {0, 100}},
    Field<RetryPolicy>{"maxRetriesUnderPressure", &RetryPolicy::maxRetriesUnderPressure, {0, 100}},
    Field<RetryPolicy>{"initialDelay", &RetryPolicy::initialDelay, upTo(Microseconds(hours{1}))},
    Field<RetryPolicy>{"maxDelay", &RetryPolicy::maxDelay, upTo(Microseconds(hours{1}))},
    Field<RetryPolicy>{"multiplier", &RetryPolicy::multiplier, {1, 10}},
    Field<RetryPolicy>{"jitter", &RetryPolicy::jitter, {0, 1}},
};

constexpr std::array kArenaFields{
    Field<ArenaOptions>{"bytes", &ArenaOptions::bytes, {kArenaLeastBytes, GiB, true}},
    Field<ArenaOptions>{"pageCacheBytes", &ArenaOptions::pageCacheBytes, {-1, GiB}},
    Field<ArenaOptions>{"pageSize", &ArenaOptions::pageSize, {512, 65536}},
    Field<ArenaOptions>{"ownAllocator", &ArenaOptions::ownAllocator},
};

}  // namespace

std::span<const Field<ConnectionConfig>> fieldsOf(const ConnectionConfig&) noexcept { return kConfigFields; }
std::span<const Field<RetryPolicy>> fieldsOf(const RetryPolicy&) noexcept { return kRetryFields; }
std::span<const Field<ArenaOptions>> fieldsOf(const ArenaOptions&) noexcept { return kArenaFields; }

}  // namespace holdfast
