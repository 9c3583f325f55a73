#include "queries.hpp"

#include <optional>

#include <holdfast/transaction.hpp>

namespace edge_agent {
namespace {

using holdfast::Rows;
using holdfast::RowView;
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
  db_.forEach(
      "SELECT source.name, count(*), sum(batch.readings)"
      " FROM batch JOIN source ON source.id = batch.source_id GROUP BY source.id",
      [&kept](const RowView& row) {
        kept[row.get<std::string>(0)] = {row.get<std::int64_t>(1), row.get<std::int64_t>(2)};
      });
  return kept;
}

Queries::AlarmCounts Queries::countAlarms(Timestamp since) {
  const auto row = db_.queryOne(
      "SELECT count(*) FILTER (WHERE raised_at >= ?), count(*) FILTER (WHERE state = 'open') FROM alarm", since);
  return {row->get<std::int64_t>(0), row->get<std::int64_t>(1)};
}

}  // namespace edge_agent
