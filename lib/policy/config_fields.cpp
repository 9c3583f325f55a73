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
    ConfigField<Config>{"database", &Config::database},
    ConfigField<Config>{"createIfMissing", &Config::createIfMissing},
    ConfigField<Config>{"mountPoint", &Config::mountPoint},
    ConfigField<Config>{"checkAtOpen", &Config::checkAtOpen},
    ConfigField<Config>{"checkAtOpenLimit", &Config::checkAtOpenLimit, upTo(Milliseconds(hours{1}))},
    ConfigField<Config>{"repairAtOpen", &Config::repairAtOpen},
    ConfigField<Config>{"repairWhileOpen", &Config::repairWhileOpen},
    ConfigField<Config>{"salvage", &Config::salvage},
    ConfigField<Config>{"readDamaged", &Config::readDamaged},
    ConfigField<Config>{"triggersAndViews", &Config::triggersAndViews},
    ConfigField<Config>{"pageChecksums", &Config::pageChecksums},
    ConfigField<Config>{"durability", &Config::durability},
    ConfigField<Config>{"busyTimeout", &Config::busyTimeout, upTo(Milliseconds(minutes{10}))},
    ConfigField<Config>{"acquireTimeout", &Config::acquireTimeout, upTo(Milliseconds(hours{1}))},
    ConfigField<Config>{"openTimeout", &Config::openTimeout, upTo(Milliseconds(minutes{10}))},
    ConfigField<Config>{"closeTimeout", &Config::closeTimeout, upTo(Milliseconds(hours{1}))},
    ConfigField<Config>{"idleTimeout", &Config::idleTimeout, upTo(kYear)},
    ConfigField<Config>{"maxConnectionAge", &Config::maxConnectionAge, upTo(kYear)},
    ConfigField<Config>{"verifyAfter", &Config::verifyAfter, upTo(kYear)},
    ConfigField<Config>{"leakThreshold", &Config::leakThreshold, upTo(kYear)},
    ConfigField<Config>{"forceCleanupAfter", &Config::forceCleanupAfter, upTo(kYear)},
    ConfigField<Config>{"housekeeping", &Config::housekeeping},
    ConfigField<Config>{"housekeepingInterval", &Config::housekeepingInterval,
                        between(Milliseconds(10), Milliseconds(hours{1}))},
    ConfigField<Config>{"openRetryDelay", &Config::openRetryDelay, between(Milliseconds(1), Milliseconds(minutes{10}))},
    ConfigField<Config>{"propagateOpenError", &Config::propagateOpenError},
    ConfigField<Config>{"foreignKeys", &Config::foreignKeys},
    ConfigField<Config>{"groupMaxTransactions", &Config::groupMaxTransactions, {1, 1000}},
    ConfigField<Config>{"groupMaxDelay", &Config::groupMaxDelay, upTo(Milliseconds(10'000))},
    ConfigField<Config>{"postDelay", &Config::postDelay, upTo(Milliseconds(hours{1}))},
    ConfigField<Config>{"postBatch", &Config::postBatch, {1, 100'000}},
    ConfigField<Config>{"postCapacity", &Config::postCapacity, {1, 1'000'000}},
    ConfigField<Config>{"readAnchor", &Config::readAnchor},
    ConfigField<Config>{"asyncThreads", &Config::asyncThreads, {1, 64}},
    ConfigField<Config>{"asyncCapacity", &Config::asyncCapacity, {1, 100'000}},
    ConfigField<Config>{"poolSize", &Config::poolSize, {1, kMostHandles}},
    ConfigField<Config>{"minPoolSize", &Config::minPoolSize, {1, kMostHandles}},
    ConfigField<Config>{"dynamicSizing", &Config::dynamicSizing},
    ConfigField<Config>{"memoryLimit", &Config::memoryLimit, {256 * KiB, kMostBytes, true}},
    ConfigField<Config>{"residentLimit", &Config::residentLimit, {MiB, kMostBytes, true}},
    ConfigField<Config>{"memorySignals", &Config::memorySignals},
    ConfigField<Config>{"memorySignalsRoot", &Config::memorySignalsRoot},
    ConfigField<Config>{"cacheSize", &Config::cacheSize, {16 * KiB, kMostBytes, true}},
    ConfigField<Config>{"statementCacheEntries", &Config::statementCacheEntries, {1, 4096}},
    ConfigField<Config>{"statementCacheBytes", &Config::statementCacheBytes, {0, kMostBytes}},
    ConfigField<Config>{"groupMaxBytes", &Config::groupMaxBytes, {4 * KiB, kMostBytes}},
    ConfigField<Config>{"maxTransactionBytes", &Config::maxTransactionBytes, {64 * KiB, kMostBytes, true}},
    ConfigField<Config>{"tempStore", &Config::tempStore},
    ConfigField<Config>{"checkpointPages", &Config::checkpointPages, {16, 262144}},
    ConfigField<Config>{"walSizeLimit", &Config::walSizeLimit, {0, kMostBytes}},
    ConfigField<Config>{"snapshotBudget", &Config::snapshotBudget, upTo(kYear)},
    ConfigField<Config>{"storageReserve", &Config::storageReserve, {0, kMostBytes}},
    ConfigField<Config>{"storageQuota", &Config::storageQuota, {64 * KiB, kMostBytes, true}},
    ConfigField<Config>{"carefulFlash", &Config::carefulFlash},
    ConfigField<Config>{"flashLedger", &Config::flashLedger},
    ConfigField<Config>{"flashEndurance", &Config::flashEndurance, {0, kMostWritten}},
    ConfigField<Config>{"flashDailyBudget", &Config::flashDailyBudget, {0, kMostWritten}},
    ConfigField<Config>{"scrubRate", &Config::scrubRate, {0, GiB}},
    ConfigField<Config>{"commitNoteInterval", &Config::commitNoteInterval, upTo(kYear)},
    ConfigField<Config>{"writeProofInterval", &Config::writeProofInterval, upTo(kYear)},
    ConfigField<Config>{"ballastSize", &Config::ballastSize, {4 * KiB, kMostBytes, true}},
};

constexpr std::array kRetryFields{
    ConfigField<RetryPolicy>{"maxRetries", &RetryPolicy::maxRetries, {0, 100}},
    ConfigField<RetryPolicy>{"maxRetriesUnderPressure", &RetryPolicy::maxRetriesUnderPressure, {0, 100}},
    ConfigField<RetryPolicy>{"initialDelay", &RetryPolicy::initialDelay, upTo(Microseconds(hours{1}))},
    ConfigField<RetryPolicy>{"maxDelay", &RetryPolicy::maxDelay, upTo(Microseconds(hours{1}))},
    ConfigField<RetryPolicy>{"multiplier", &RetryPolicy::multiplier, {1, 10}},
    ConfigField<RetryPolicy>{"jitter", &RetryPolicy::jitter, {0, 1}},
};

constexpr std::array kBackupFields{
    ConfigField<BackupSchedule>{"path", &BackupSchedule::path},
    ConfigField<BackupSchedule>{"interval", &BackupSchedule::interval, between(Milliseconds(1000), kYear)},
};

constexpr std::array kArenaFields{
    ConfigField<ArenaOptions>{"bytes", &ArenaOptions::bytes, {kArenaLeastBytes, GiB, true}},
    ConfigField<ArenaOptions>{"pageCacheBytes", &ArenaOptions::pageCacheBytes, {-1, GiB}},
    ConfigField<ArenaOptions>{"pageSize", &ArenaOptions::pageSize, {512, 65536}},
    ConfigField<ArenaOptions>{"ownAllocator", &ArenaOptions::ownAllocator},
};

}  // namespace

std::span<const ConfigField<ConnectionConfig>> fieldsOf(const ConnectionConfig&) noexcept { return kConfigFields; }
std::span<const ConfigField<RetryPolicy>> fieldsOf(const RetryPolicy&) noexcept { return kRetryFields; }
std::span<const ConfigField<BackupSchedule>> fieldsOf(const BackupSchedule&) noexcept { return kBackupFields; }
std::span<const ConfigField<ArenaOptions>> fieldsOf(const ArenaOptions&) noexcept { return kArenaFields; }

}  // namespace holdfast
