#include "queries.hpp"

#include <tuple>

#include <holdfast/transaction.hpp>

namespace edge_agent {
namespace {

using holdfast::Rows;
using holdfast::Timestamp;

int idOf(Source source) noexcept { return static_cast<int>(source); }

}  // namespace

Queries::Overview Queries::overview() {
  return db_.read([](holdfast::ReadTransaction& snapshot) {
    Overview overview;
    overview.latest = snapshot.query(
        "SELECT source.name AS source, series.name AS series, series.unit, reading.taken_at, reading.value"
        " FROM source"
        " JOIN reading ON reading.batch_id ="
        "   (SELECT id FROM batch WHERE batch.source_id = source.id ORDER BY taken_at DESC LIMIT 1)"
        " JOIN series ON series.id = reading.series_id"
        " ORDER BY source.id, series.name");
    overview.openAlarms = snapshot.query(
        "SELECT series.name AS series, alarm.rule, alarm.raised_at, alarm.value"
        " FROM alarm JOIN series ON series.id = alarm.series_id"
        " WHERE alarm.state = 'open' ORDER BY alarm.raised_at");
    return overview;
  });
}

Rows Queries::window(Source source, Timestamp since) {
  return db_.query(
      "SELECT series.name AS series, series.unit, count(*) AS readings, avg(sample.value) AS average,"
      "       min(sample.value) AS least, max(sample.value) AS most"
      " FROM batch JOIN sample ON sample.batch_id = batch.id JOIN series ON series.id = sample.series_id"
      " WHERE batch.source_id = ? AND batch.taken_at >= ?"
      " GROUP BY series.id ORDER BY series.name",
      idOf(source), since);
}

Rows Queries::busiest(Timestamp since, int limit) {
  return db_.query(
      "SELECT source.name AS source, series.name AS series, avg(sample.value) AS average"
      // CROSS JOIN: in this order, from the batches of the window; the planner would read every sample there is.
      " FROM source CROSS JOIN batch ON batch.source_id = source.id AND batch.taken_at >= ?"
      " CROSS JOIN sample ON sample.batch_id = batch.id"
      " JOIN series ON series.id = sample.series_id AND series.unit = '%'"
      " GROUP BY series.id ORDER BY average DESC LIMIT ?",
      since, limit);
}

Rows Queries::chart(Source source, std::string_view series, Timestamp since) {
  return db_.query(
      "SELECT batch.taken_at / 1000 AS second, avg(sample.value) AS average, min(sample.value) AS least,"
      "       max(sample.value) AS most"
      " FROM series JOIN batch ON batch.source_id = series.source_id AND batch.taken_at >= ?"
      " JOIN sample ON sample.batch_id = batch.id AND sample.series_id = series.id"
      " WHERE series.source_id = ? AND series.name = ?"
      " GROUP BY second ORDER BY second",
      since, idOf(source), series);
}

std::map<std::string, Queries::Kept> Queries::kept() {
  std::map<std::string, Kept> kept;
  const auto wanted = std::tuple(holdfast::countRows<rows::Batch>(), holdfast::sum(&rows::Batch::readings));
  for (const auto& [source, figures] : batches_.aggregateBy(&rows::Batch::source, wanted)) {
    const auto& [batches, readings] = figures;
    kept[std::string(nameOf(source))] = {batches, readings.value_or(0)};
  }
  return kept;
}

Queries::AlarmCounts Queries::countAlarms(Timestamp since) {
  return {alarms_.count({.where = holdfast::field(&rows::Alarm::raisedAt) >= since}),
          alarms_.count({.where = rows::isOpen()})};
}

}  // namespace edge_agent
