#pragma once

#include <chrono>
#include <optional>

#include <holdfast/error.hpp>
#include <holdfast/memory_stage.hpp>

namespace holdfast {

/// When and how often a failed operation is tried again: exponential backoff with jitter and a cap.
///
/// The n-th retry waits initialDelay * multiplier^n, at most maxDelay, of which a random part of up to `jitter` is
/// taken off, so that callers that failed together do not come back together.
struct RetryPolicy {
  /// Retries after the first attempt. Zero: never. 0 to 100.
  int maxRetries = 5;
  /// Retries once memory is short: each attempt costs memory that others need. 0 to 100.
  int maxRetriesUnderPressure = 1;
  /// At most 1 h, like maxDelay.
  std::chrono::microseconds initialDelay = std::chrono::milliseconds{1};
  std::chrono::microseconds maxDelay = std::chrono::milliseconds{250};
  /// 1 to 10.
  double multiplier = 2.0;
  /// The part of a delay that is random: 0 (none) to 1 (anything between zero and the delay).
  double jitter = 0.5;

  /// The pause before retry number `retry` (0 is the first), or nothing when `error` should not be retried: it is
  /// not contention (Busy), its retries are used up, or memory is critical. `random` is in [0, 1).
  std::optional<std::chrono::microseconds> delayBefore(int retry, const Error& error, MemoryStage stage,
                                                       double random) const;
};

}  // namespace holdfast
