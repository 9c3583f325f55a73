#include "agent.hpp"

#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include <holdfast/error.hpp>

#include "proc_reader.hpp"

namespace edge_agent {
namespace {

holdfast::Timestamp wallNow() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::vector<Source> sourcesOf(const AgentConfig& config) {
  std::vector<Source> sources;
  for (const SourceConfig& source : config.sources) sources.push_back(source.source);
  return sources;
}

std::int64_t sizeOf(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

Agent::Agent(AgentConfig config, const std::string& acknowledgePath)
    : config_(std::move(config)),
      db_(holdfast::ConnectionManager::instance()),
      store_(db_),
      queries_(db_),
      acknowledge_(acknowledgePath.empty() ? nullptr : std::make_unique<AcknowledgeFile>(acknowledgePath)),
      retention_(config_.retention, store_, faults_),
      dashboard_(config_.queries, sourcesOf(config_), queries_, faults_) {
  for (const SourceConfig& source : config_.sources) {
    recorders_.push_back(std::make_unique<Recorder>(source, config_.alarms, store_, faults_, acknowledge_.get()));
  }
}

Agent::~Agent() { joinThreads(); }

Agent::Start Agent::start() {
  Start start;
  start.opened = db_.open(config_.database);
  database_ = start.opened.database;
  store_.createSchema();
  startedAt_ = wallNow();
  startedSteady_ = std::chrono::steady_clock::now();
  start.run = store_.beginRun(startedAt_);
  run_ = start.run.id;
  restoreAlarms();
  startThreads();
  return start;
}

void Agent::restoreAlarms() {
  for (const OpenAlarm& alarm : store_.openAlarms()) {
    bool isWatched = false;
    for (const auto& recorder : recorders_) {
      if (nameOf(recorder->source()) == alarm.source) isWatched = recorder->restoreAlarm(alarm.rule, alarm.series);
    }
    if (!isWatched) store_.withdrawAlarm(alarm.id, startedAt_);
  }
}

void Agent::startThreads() {
  for (const auto& recorder : recorders_) {
    threads_.emplace_back([&worker = *recorder](const std::stop_token& stop) { worker.run(stop); });
  }
  threads_.emplace_back([this](const std::stop_token& stop) { retention_.run(stop); });
  if (config_.queries.interval.count() > 0) {
    threads_.emplace_back([this](const std::stop_token& stop) { dashboard_.run(stop); });
  }
}

void Agent::joinThreads() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

Figures Agent::figures() const {
  Figures figures;
  figures.database = database_;
  figures.run = run_;
  figures.startedAt = startedAt_;
  figures.elapsed = std::chrono::steady_clock::now() - startedSteady_;
  figures.queries = dashboard_.figures();
  figures.queryLatency = dashboard_.latency();
  figures.retention = retention_.figures();
  figures.faults = faults_.count();
  figures.pool = db_.metrics();
  figures.databaseBytes = sizeOf(database_);
  figures.logBytes = sizeOf(database_ + "-wal");
  figures.residentBytes = residentBytes();
  for (const auto& recorder : recorders_) {
    figures.sources.push_back(recorder->figures());
    figures.alarms.open += static_cast<std::int64_t>(figures.sources.back().alarmsOpen);
  }
  return figures;
}

void Agent::endRun(Figures& last) {
  const std::map<std::string, Queries::Kept> kept = queries_.kept();
  for (SourceFigures& source : last.sources) {
    const auto found = kept.find(std::string(source.name));
    if (found != kept.end()) source.keptReadings = found->second.readings;
  }
  const Queries::AlarmCounts alarms = queries_.countAlarms(startedAt_);
  last.alarms = {alarms.raised, alarms.open};
  store_.endRun(run_, wallNow());
  last.clean = true;
}

Figures Agent::stop() {
  joinThreads();
  Figures last = figures();
  try {
    if (!failed()) endRun(last);
  } catch (const holdfast::Error& error) {
    faults_.note("end of the run", error);
  }
  try {
    db_.close();
  } catch (const holdfast::Error& error) {
    last.clean = false;
    faults_.note("close", error);
  }
  last.faults = faults_.count();
  last.databaseBytes = sizeOf(database_);
  last.logBytes = sizeOf(database_ + "-wal");
  return last;
}

}  // namespace edge_agent
