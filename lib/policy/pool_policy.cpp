#include "policy/pool_policy.hpp"

#include <algorithm>

namespace holdfast {
namespace {

Verdict judgeLeased(const SlotFacts& slot, const ConnectionConfig& config, Clock::TimePoint now) {
  const Clock::Duration held = now - slot.leasedAt;
  const bool leaked = config.leakThreshold.count() > 0 && held > config.leakThreshold;
  if (leaked && !slot.leakReported) return Verdict::ReportLeak;
  const bool stuck = config.forceCleanupAfter.count() > 0 && held > config.forceCleanupAfter;
  return stuck && !slot.forced ? Verdict::ForceBack : Verdict::Keep;
}

}  // namespace

Verdict judge(const SlotFacts& slot, const ConnectionConfig& config, std::size_t openHandles, Clock::TimePoint now) {
  switch (slot.state) {
    case SlotState::Leased: return judgeLeased(slot, config, now);
    case SlotState::Empty:
      return openHandles < config.minPoolSize && now >= slot.retryAt ? Verdict::Refill : Verdict::Keep;
    case SlotState::Idle: break;
  }
  // The write handle stays: closing the last handle on a file checkpoints and deletes the log.
  const bool spare = !slot.isWriter && openHandles > config.minPoolSize;
  const auto idleTimeout =
      config.dynamicSizing ? std::min(config.idleTimeout, 3 * config.housekeepingInterval) : config.idleTimeout;
  if (spare && now - slot.lastUsed > idleTimeout) return Verdict::CloseIdle;
  return isConnectionStale(slot, now) ? Verdict::Renew : Verdict::Keep;
}

bool isConnectionStale(const SlotFacts& slot, Clock::TimePoint now) noexcept { return now >= slot.renewAt; }

bool needsVerification(const SlotFacts& slot, const ConnectionConfig& config, Clock::TimePoint now) noexcept {
  return now - slot.lastUsed > config.verifyAfter;
}

Clock::TimePoint renewalTime(Clock::TimePoint createdAt, std::chrono::milliseconds maxConnectionAge, double random) {
  if (maxConnectionAge.count() == 0) return Clock::TimePoint::max();
  const double jittered = static_cast<double>(maxConnectionAge.count()) * (1.0 - 0.1 * random);
  return createdAt + std::chrono::milliseconds(static_cast<std::int64_t>(jittered));
}

std::chrono::milliseconds openRetryPause(std::chrono::milliseconds first, int failures,
                                         std::chrono::milliseconds acquireTimeout) noexcept {
  constexpr int kMostDoublings = 6;
  const std::chrono::milliseconds pause = first * (1 << std::clamp(failures - 1, 0, kMostDoublings));
  return acquireTimeout.count() == 0 ? pause : std::min(pause, std::max(first, acquireTimeout / 2));
}

}  // namespace holdfast
