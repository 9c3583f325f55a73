#include "retention.hpp"

#include <chrono>
#include <exception>

#include "ticker.hpp"

namespace edge_agent {

void Retention::run(const std::stop_token& stop) {
  Ticker ticker(config_.interval);
  while (ticker.wait(stop) && !faults_.fatal()) {
    try {
      if (config_.maxAge.count() > 0) enforceAge(stop);
      if (config_.maxBytes > 0) enforceBytes(stop);
    } catch (const std::exception& error) {
      faults_.note("retention", error);
    }
  }
}

void Retention::enforceAge(const std::stop_token& stop) {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const holdfast::Timestamp cutoff = now - config_.maxAge;
  while (!stop.stop_requested() && removeSome(cutoff)) {
  }
  store_.removeAlarms(cutoff);
}

void Retention::enforceBytes(const std::stop_token& stop) {
  while (!stop.stop_requested() && store_.usedBytes() > config_.maxBytes) {
    if (!removeSome(holdfast::Timestamp::max())) return;
  }
}

/// False where nothing was left to remove.
bool Retention::removeSome(holdfast::Timestamp cutoff) {
  const auto start = std::chrono::steady_clock::now();
  const Removed removed = store_.removeOldest(cutoff, config_.batchRows);
  if (removed.batches == 0) return false;
  latency_.record(std::chrono::steady_clock::now() - start);
  transactions_.fetch_add(1, std::memory_order_relaxed);
  batches_.fetch_add(static_cast<std::uint64_t>(removed.batches), std::memory_order_relaxed);
  readings_.fetch_add(static_cast<std::uint64_t>(removed.readings), std::memory_order_relaxed);
  return true;
}

RetentionFigures Retention::figures() const {
  return {.transactions = transactions_.load(std::memory_order_relaxed),
          .batches = batches_.load(std::memory_order_relaxed),
          .readings = readings_.load(std::memory_order_relaxed),
          .latency = latency_.summary()};
}

}  // namespace edge_agent
