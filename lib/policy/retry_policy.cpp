#include <holdfast/retry_policy.hpp>

#include <algorithm>
#include <cmath>

namespace holdfast {

std::optional<std::chrono::microseconds> RetryPolicy::delayBefore(int retry, const Error& error, MemoryStage stage,
                                                                  double random) const {
  if (error.code() != ErrorCode::Busy || stage == MemoryStage::Critical) return std::nullopt;
  const int retries = stage == MemoryStage::Normal ? maxRetries : std::min(maxRetries, maxRetriesUnderPressure);
  if (retry >= retries) return std::nullopt;
  using Exact = std::chrono::duration<double, std::micro>;
  const Exact grown = Exact(initialDelay) * std::pow(multiplier, retry);
  const Exact delay = std::min(grown, Exact(maxDelay)) * (1.0 - jitter * random);
  return std::chrono::round<std::chrono::microseconds>(delay);
}

}  // namespace holdfast
