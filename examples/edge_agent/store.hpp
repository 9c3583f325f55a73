#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/clock.hpp>
#include <holdfast/connection_pool.hpp>
#include <holdfast/repository.hpp>

#include "alarms.hpp"
#include "rows.hpp"
#include "samplers.hpp"

namespace edge_agent {

/// The run before this one.
struct PreviousRun {
  std::int64_t id = 0;
  holdfast::Timestamp startedAt{};
  /// When it ended, or, where it was killed, when it committed its last batch.
  holdfast::Timestamp endedAt{};
  bool clean = false;
  /// What it recorded and the database still has.
  std::int64_t batches = 0;
  std::int64_t readings = 0;
};

struct RunStart {
  std::int64_t id = 0;
  std::optional<PreviousRun> previous;
};

/// One look at a source, about to be stored.
struct BatchRecord {
  Source source{};
  holdfast::Timestamp takenAt{};
  const Batch& batch;
  const std::vector<AlarmTransition>& transitions;
};

struct OpenAlarm {
  std::int64_t id = 0;
  std::string source;
  std::string series;
  std::string rule;
};

struct Removed {
  std::int64_t batches = 0;
  std::int64_t readings = 0;
};

/// The ids of the series that a sampler has seen. Each sampler keeps its own, so that nothing is shared.
using SeriesIds = std::map<std::string, std::int64_t, std::less<>>;

/// The writing side of the database, by repositories. Any thread. Every call that writes is one transaction. All block,
/// those that write until that is durable, and throw holdfast::Error.
class Store {
 public:
  explicit Store(holdfast::ConnectionPool& db);

  void createSchema();
  /// Opens a run. One that did not end is given the time of its last batch as its end, and stays unclean.
  RunStart beginRun(holdfast::Timestamp now);
  void endRun(std::int64_t run, holdfast::Timestamp now);

  /// Stores a batch, whole, with its alarms, and returns its number. Numbers are consecutive over all samplers and the
  /// life of the database: one missing in between would be a lost batch.
  std::int64_t writeBatch(const BatchRecord& record, SeriesIds& known);
  /// The batch of `source` taken at that time and later than number `after`, for who does not know whether writeBatch()
  /// took effect.
  std::optional<std::int64_t> findBatch(Source source, holdfast::Timestamp takenAt, std::int64_t after);

  std::vector<OpenAlarm> openAlarms();
  /// Closes an alarm that no rule is responsible for any more.
  void withdrawAlarm(std::int64_t alarm, holdfast::Timestamp now);

  /// Deletes the oldest batches that were taken before `cutoff`, at most `maxReadings` of their readings (but one batch
  /// at least). The newest batch always stays: the numbers go on from it.
  Removed removeOldest(holdfast::Timestamp cutoff, int maxReadings);
  /// Deletes the alarms that were closed before `cutoff`.
  void removeAlarms(holdfast::Timestamp cutoff);
  /// What the database uses of its file: free pages do not count.
  std::int64_t usedBytes();

 private:
  std::optional<PreviousRun> findPreviousRun(holdfast::Transaction& tx) const;
  std::int64_t seriesId(holdfast::Transaction& tx, Source source, const std::string& name, std::string_view unit,
                        const SeriesIds& known, SeriesIds& added) const;
  void writeTransition(holdfast::Transaction& tx, std::int64_t series, const AlarmTransition& transition,
                       holdfast::Timestamp at) const;

  holdfast::ConnectionPool& db_;
  const holdfast::BaseRepository<rows::Run> runs_;
  const holdfast::BaseRepository<rows::SourceName> sources_;
  const holdfast::BaseRepository<rows::Series> series_;
  const holdfast::BaseRepository<rows::Batch> batches_;
  const holdfast::BaseRepository<rows::Sample> samples_;
  const holdfast::BaseRepository<rows::Discontinuity> discontinuities_;
  const holdfast::BaseRepository<rows::Alarm> alarms_;
};

}  // namespace edge_agent
