#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <holdfast/field.hpp>
#include <holdfast/mapping.hpp>

#include "counters.hpp"
#include "samplers.hpp"

// The tables of the database, as structs. All times: milliseconds since 1970, UTC.
//
// Written for flash: what a commit costs is the number of pages that it touches, not the number of rows.
//
//  - Samples are ordered by batch, so that the samples of a batch stand side by side on the last page of the table, and
//    the oldest ones, which retention deletes, on its first pages. Ordered by series and time, the usual order for
//    charts, each sample of a batch would be on a page of its own.
//  - The time is stored once for each batch. The view `reading` puts the two together.
//  - The index on the batches finds the newest batch of a source, and the batches of a window.
//  - The key is the order of commits and not the time, so that setting the clock back collides with nothing.

namespace edge_agent::rows {

struct Run {
  std::int64_t id{};
  holdfast::Timestamp startedAt{};
  std::optional<holdfast::Timestamp> endedAt{};  ///< Nothing while it runs.
  bool clean = false;                            ///< It was asked to end and did.
  std::int64_t firstBatch{};
};

struct SourceName {
  Source id{};
  std::string name{};
};

struct Series {
  std::int64_t id{};
  Source source{};
  std::string name{};
  std::string unit{};
};

struct Batch {
  std::int64_t id{};
  Source source{};
  holdfast::Timestamp takenAt{};
  std::int64_t readings{};
};

struct Sample {
  std::int64_t batch{};
  std::int64_t series{};
  double value{};
};

/// A counter that fell: the reading is missing (reset) or was computed over the wrap.
struct Discontinuity {
  std::int64_t batch{};
  std::int64_t series{};
  CounterStep kind = CounterStep::Reset;
  std::int64_t before{};
  std::int64_t after{};
};

enum class AlarmState : std::uint8_t { Open, Cleared, Withdrawn };

struct Alarm {
  std::int64_t id{};
  std::int64_t seriesId{};
  std::string rule{};
  holdfast::Timestamp raisedAt{};
  std::optional<holdfast::Timestamp> clearedAt{};
  double threshold{};
  double value{};  ///< The one that raised it.
  AlarmState state = AlarmState::Open;
  std::shared_ptr<Series> series{};
};

}  // namespace edge_agent::rows

template <>
struct holdfast::EnumNames<edge_agent::CounterStep> {
  static constexpr std::array values{std::pair{edge_agent::CounterStep::Wrapped, "wrapped"},
                                     std::pair{edge_agent::CounterStep::Reset, "reset"}};
};
template <>
struct holdfast::EnumNames<edge_agent::rows::AlarmState> {
  using State = edge_agent::rows::AlarmState;
  static constexpr std::array values{std::pair{State::Open, "open"}, std::pair{State::Cleared, "cleared"},
                                     std::pair{State::Withdrawn, "withdrawn"}};
};

template <>
struct holdfast::Mapping<edge_agent::rows::Run> {
  using Run = edge_agent::rows::Run;
  static constexpr auto table = holdfast::table<Run>(
      "run", primaryKey("id", &Run::id), column("started_at", &Run::startedAt), column("ended_at", &Run::endedAt),
      column("clean", &Run::clean).defaultValue("0"), column("first_batch", &Run::firstBatch));
};

template <>
struct holdfast::Mapping<edge_agent::rows::SourceName> {
  using SourceName = edge_agent::rows::SourceName;
  static constexpr auto table = holdfast::table<SourceName>("source", primaryKey("id", &SourceName::id),
                                                            column("name", &SourceName::name).unique());
};

template <>
struct holdfast::Mapping<edge_agent::rows::Series> {
  using Series = edge_agent::rows::Series;
  static constexpr auto table = holdfast::table<Series>(
      "series", primaryKey("id", &Series::id), column("source_id", &Series::source).references("source", "id"),
      column("name", &Series::name), column("unit", &Series::unit), index("source_id", "name").unique());
};

template <>
struct holdfast::Mapping<edge_agent::rows::Batch> {
  using Batch = edge_agent::rows::Batch;
  static constexpr auto table = holdfast::table<Batch>(
      "batch", primaryKey("id", &Batch::id), column("source_id", &Batch::source).references("source", "id"),
      column("taken_at", &Batch::takenAt), column("readings", &Batch::readings), index("source_id", "taken_at"));
};

template <>
struct holdfast::Mapping<edge_agent::rows::Sample> {
  using Sample = edge_agent::rows::Sample;
  static constexpr auto table =
      holdfast::table<Sample>("sample", primaryKey("batch_id", &Sample::batch).references("batch", "id"),
                              primaryKey("series_id", &Sample::series).references("series", "id"),
                              column("value", &Sample::value))
          .withoutRowId();
};

template <>
struct holdfast::Mapping<edge_agent::rows::Discontinuity> {
  using Discontinuity = edge_agent::rows::Discontinuity;
  static constexpr auto table =
      holdfast::table<Discontinuity>("discontinuity",
                                     primaryKey("batch_id", &Discontinuity::batch).references("batch", "id"),
                                     primaryKey("series_id", &Discontinuity::series).references("series", "id"),
                                     column("kind", &Discontinuity::kind).check("kind IN ('wrapped', 'reset')"),
                                     column("before", &Discontinuity::before), column("after", &Discontinuity::after))
          .withoutRowId();
};

template <>
struct holdfast::Mapping<edge_agent::rows::Alarm> {
  using Alarm = edge_agent::rows::Alarm;
  static constexpr auto table = holdfast::table<Alarm>(
      "alarm", primaryKey("id", &Alarm::id), column("series_id", &Alarm::seriesId), column("rule", &Alarm::rule),
      column("raised_at", &Alarm::raisedAt), column("cleared_at", &Alarm::clearedAt),
      column("threshold", &Alarm::threshold), column("value", &Alarm::value),
      column("state", &Alarm::state).check("state IN ('open', 'cleared', 'withdrawn')"),
      belongsTo(&Alarm::series, &Alarm::seriesId));
};

namespace edge_agent::rows {

/// With the text that the index on open alarms has: SQLite does not know of a bound value that it is this one.
inline holdfast::Where<Alarm> isOpen() { return holdfast::Where<Alarm>(holdfast::Condition::raw("state = 'open'")); }

}  // namespace edge_agent::rows
