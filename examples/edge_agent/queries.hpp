#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <holdfast/clock.hpp>
#include <holdfast/connection_pool.hpp>
#include <holdfast/repository.hpp>
#include <holdfast/row.hpp>

#include "rows.hpp"
#include "samplers.hpp"

namespace edge_agent {

/// The reading side of the database: what a dashboard asks. Any thread; on read handles, so that samplers go on
/// writing. Throws holdfast::Error. What joins tables and computes over windows is SQL; the rest asks repositories.
class Queries {
 public:
  explicit Queries(holdfast::ConnectionPool& db) : db_(db), batches_(db), alarms_(db) {}

  struct Overview {
    holdfast::Rows latest;
    holdfast::Rows openAlarms;
  };
  /// The newest value of every series (source, series, unit, taken_at, value) and the open alarms (series, rule,
  /// raised_at, value), both of the same moment.
  Overview overview();
  /// Figures of each series of a source since then: series, unit, readings, average, least, most.
  holdfast::Rows window(Source source, holdfast::Timestamp since);
  /// The series in percent with the highest average since then, highest first: source, series, average.
  holdfast::Rows busiest(holdfast::Timestamp since, int limit);
  /// A chart of one series: average, least and most of each second since then.
  holdfast::Rows chart(Source source, std::string_view series, holdfast::Timestamp since);

  struct Kept {
    std::int64_t batches = 0;
    std::int64_t readings = 0;
  };
  /// What the database holds, by the source's name. Reads every batch: for the end of a run, not for every second.
  std::map<std::string, Kept> kept();
  struct AlarmCounts {
    std::int64_t raised = 0;  ///< Since the time given.
    std::int64_t open = 0;
  };
  AlarmCounts countAlarms(holdfast::Timestamp since);

 private:
  holdfast::ConnectionPool& db_;
  const holdfast::BaseRepository<rows::Batch> batches_;
  const holdfast::BaseRepository<rows::Alarm> alarms_;
};

}  // namespace edge_agent
