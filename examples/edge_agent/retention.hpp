#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>

#include <holdfast/clock.hpp>

#include "config.hpp"
#include "faults.hpp"
#include "figures.hpp"
#include "latency.hpp"
#include "store.hpp"

namespace edge_agent {

/// Keeps the database within its age and its bytes: deletes the oldest batches, a few in each transaction, so that the
/// samplers, who take turns with it at the write handle, never wait long. One thread runs it; figures() may be called
/// by others.
///
/// Pages that become free are used again for new readings, so the file stays as large as it once was.
class Retention {
 public:
  Retention(const RetentionConfig& config, Store& store, Faults& faults)
      : config_(config), store_(store), faults_(faults) {}

  void run(const std::stop_token& stop);
  RetentionFigures figures() const;

 private:
  void enforceAge(const std::stop_token& stop);
  void enforceBytes(const std::stop_token& stop);
  bool removeSome(holdfast::Timestamp cutoff);

  RetentionConfig config_;
  Store& store_;
  Faults& faults_;
  LatencyRecorder latency_;
  std::atomic<std::uint64_t> transactions_{0};
  std::atomic<std::uint64_t> batches_{0};
  std::atomic<std::uint64_t> readings_{0};
};

}  // namespace edge_agent
