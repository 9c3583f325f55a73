#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "acknowledge_file.hpp"
#include "alarms.hpp"
#include "config.hpp"
#include "faults.hpp"
#include "figures.hpp"
#include "samplers.hpp"
#include "store.hpp"

namespace edge_agent {

/// Records one source: looks at it at its interval and stores each look in a transaction of its own. One thread runs
/// it; figures() may be called by others.
class Recorder {
 public:
  /// `acknowledge` may be null. All of them outlive the recorder.
  Recorder(const SourceConfig& config, const std::vector<AlarmRule>& rules, Store& store, Faults& faults,
           AcknowledgeFile* acknowledge);

  Source source() const noexcept { return config_.source; }
  /// Takes over an alarm that an earlier run left open. Before run(). False where no rule is responsible for it.
  bool restoreAlarm(std::string_view rule, std::string_view series);
  /// Until a stop is requested or a fault is fatal.
  void run(const std::stop_token& stop);
  SourceFigures figures() const;

 private:
  void look();
  std::optional<std::int64_t> commit(const BatchRecord& record);

  SourceConfig config_;
  std::unique_ptr<Sampler> sampler_;
  AlarmTracker alarms_;
  Store& store_;
  Faults& faults_;
  AcknowledgeFile* acknowledge_;
  SeriesIds series_;
  std::int64_t lastBatch_ = 0;
  bool saidMissing_ = false;

  std::atomic<std::uint64_t> batches_{0};
  std::atomic<std::uint64_t> readings_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> missed_{0};
  std::atomic<std::uint64_t> alarmsOpen_{0};
};

}  // namespace edge_agent
