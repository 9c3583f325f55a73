#include "recorder.hpp"

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include <holdfast/error.hpp>

#include "proc_reader.hpp"
#include "ticker.hpp"

namespace edge_agent {
namespace {

holdfast::Timestamp wallNow() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

Recorder::Recorder(const SourceConfig& config, const std::vector<AlarmRule>& rules, Store& store, Faults& faults,
                   AcknowledgeFile* acknowledge)
    : config_(config),
      sampler_(makeSampler(config.source, config.ignore)),
      alarms_(config.source, rules),
      store_(store),
      faults_(faults),
      acknowledge_(acknowledge) {}

bool Recorder::restoreAlarm(std::string_view rule, std::string_view series) {
  const bool isOurs = alarms_.restore(rule, series);
  alarmsOpen_.store(alarms_.raised(), std::memory_order_relaxed);
  return isOurs;
}

void Recorder::run(const std::stop_token& stop) {
  Ticker ticker(config_.interval);
  while (ticker.wait(stop) && !faults_.fatal()) {
    try {
      look();
    } catch (const std::exception& error) {
      faults_.note(nameOf(config_.source), error);
    }
    missed_.store(ticker.missed(), std::memory_order_relaxed);
  }
}

void Recorder::look() {
  const std::optional<std::string> text = readSource(config_.source);
  const SteadyTime at = std::chrono::steady_clock::now();
  if (!text) {
    if (!std::exchange(saidMissing_, true)) {
      std::fprintf(stderr, "edge_agent: this machine shows no %s; going on without\n",
                   std::string(nameOf(config_.source)).c_str());
    }
    return;
  }
  const Batch batch = sampler_->sample(*text, at);
  if (batch.empty()) return;
  AlarmTracker alarms = alarms_;
  const std::vector<AlarmTransition> transitions = alarms.observe(batch.samples, at);
  const std::optional<std::int64_t> id = commit({config_.source, wallNow(), batch, transitions});
  if (!id) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (acknowledge_ != nullptr) acknowledge_->append(config_.source, *id, batch.samples.size());
  alarms_ = std::move(alarms);
  lastBatch_ = *id;
  batches_.fetch_add(1, std::memory_order_relaxed);
  readings_.fetch_add(batch.samples.size(), std::memory_order_relaxed);
  alarmsOpen_.store(alarms_.raised(), std::memory_order_relaxed);
}

/// Nothing where the batch is not in the database. The next look is more use than trying this one again: what passes by
/// itself (Busy) the library has already tried again.
std::optional<std::int64_t> Recorder::commit(const BatchRecord& record) {
  try {
    return store_.writeBatch(record, series_);
  } catch (const holdfast::Error& error) {
    faults_.note(nameOf(record.source), error);
    if (error.code() != holdfast::ErrorCode::OutcomeUnknown) return std::nullopt;
    return store_.findBatch(record.source, record.takenAt, lastBatch_);
  }
}

SourceFigures Recorder::figures() const {
  return {.name = nameOf(config_.source),
          .interval = config_.interval,
          .batches = batches_.load(std::memory_order_relaxed),
          .readings = readings_.load(std::memory_order_relaxed),
          .lostBatches = lost_.load(std::memory_order_relaxed),
          .missedLooks = missed_.load(std::memory_order_relaxed),
          .alarmsOpen = alarmsOpen_.load(std::memory_order_relaxed)};
}

}  // namespace edge_agent
