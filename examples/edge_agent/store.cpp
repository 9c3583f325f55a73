#include "store.hpp"

// Written for flash: what a commit costs is the number of pages that it touches, not the number of rows.
//
//  - Samples are ordered by batch, so that the samples of a batch stand side by side on the last page of the table, and
//    the oldest ones, which retention deletes, on its first pages. Ordered by series and time, the usual order for
//    charts, each sample of a batch would be on a page of its own.
//  - The time is stored once for each batch. The view `reading` puts the two together.
//  - The index on the batches finds the newest batch of a source, and the batches of a window.
//  - The key is the order of commits and not the time, so that setting the clock back collides with nothing.

#include <array>
#include <limits>
#include <utility>

#include <holdfast/error.hpp>

namespace edge_agent {
namespace {

using holdfast::Row;
using holdfast::RowView;
using holdfast::Sql;
using holdfast::Timestamp;
using holdfast::Transaction;

const std::array kSchema{
    Sql("CREATE TABLE IF NOT EXISTS run("
        "  id INTEGER PRIMARY KEY,"
        "  started_at INTEGER NOT NULL,"       // All times: milliseconds since 1970, UTC.
        "  ended_at INTEGER,"                  // NULL while it runs.
        "  clean INTEGER NOT NULL DEFAULT 0,"  // 1: it was asked to end and did.
        "  first_batch INTEGER NOT NULL) STRICT"),
    Sql("CREATE TABLE IF NOT EXISTS source("
        "  id INTEGER PRIMARY KEY,"
        "  name TEXT NOT NULL UNIQUE) STRICT"),
    Sql("CREATE TABLE IF NOT EXISTS series("
        "  id INTEGER PRIMARY KEY,"
        "  source_id INTEGER NOT NULL REFERENCES source(id),"
        "  name TEXT NOT NULL,"
        "  unit TEXT NOT NULL,"
        "  UNIQUE(source_id, name)) STRICT"),
    Sql("CREATE TABLE IF NOT EXISTS batch("
        "  id INTEGER PRIMARY KEY,"
        "  source_id INTEGER NOT NULL REFERENCES source(id),"
        "  taken_at INTEGER NOT NULL,"
        "  readings INTEGER NOT NULL) STRICT"),
    Sql("CREATE INDEX IF NOT EXISTS batch_by_time ON batch(source_id, taken_at)"),
    Sql("CREATE TABLE IF NOT EXISTS sample("
        "  batch_id INTEGER NOT NULL REFERENCES batch(id),"
        "  series_id INTEGER NOT NULL REFERENCES series(id),"
        "  value REAL NOT NULL,"
        "  PRIMARY KEY(batch_id, series_id)) STRICT, WITHOUT ROWID"),
    // Counters that fell: the reading is missing (reset) or was computed over the wrap.
    Sql("CREATE TABLE IF NOT EXISTS discontinuity("
        "  batch_id INTEGER NOT NULL REFERENCES batch(id),"
        "  series_id INTEGER NOT NULL REFERENCES series(id),"
        "  kind TEXT NOT NULL CHECK(kind IN ('wrapped', 'reset')),"
        "  before INTEGER NOT NULL,"
        "  after INTEGER NOT NULL,"
        "  PRIMARY KEY(batch_id, series_id)) STRICT, WITHOUT ROWID"),
    Sql("CREATE TABLE IF NOT EXISTS alarm("
        "  id INTEGER PRIMARY KEY,"
        "  series_id INTEGER NOT NULL REFERENCES series(id),"
        "  rule TEXT NOT NULL,"
        "  raised_at INTEGER NOT NULL,"
        "  cleared_at INTEGER,"
        "  threshold REAL NOT NULL,"
        "  value REAL NOT NULL,"  // The one that raised it.
        "  state TEXT NOT NULL CHECK(state IN ('open', 'cleared', 'withdrawn'))) STRICT"),
    Sql("CREATE UNIQUE INDEX IF NOT EXISTS alarm_open ON alarm(series_id, rule) WHERE state = 'open'"),
    Sql("CREATE INDEX IF NOT EXISTS alarm_cleared ON alarm(cleared_at) WHERE cleared_at IS NOT NULL"),
    Sql("CREATE VIEW IF NOT EXISTS reading AS"
        "  SELECT sample.batch_id, sample.series_id, batch.taken_at, sample.value"
        "  FROM batch JOIN sample ON sample.batch_id = batch.id"),
};

// Deleting is not worth a sync of its own: what a power cut brings back is deleted again.
const holdfast::TransactionOptions kLazily{.durability = holdfast::Durability::Normal};

int idOf(Source source) noexcept { return static_cast<int>(source); }

/// Counters are 64 bits without sign in the kernel, with sign in the database.
std::int64_t storable(std::uint64_t counter) noexcept {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return counter > static_cast<std::uint64_t>(kMost) ? kMost : static_cast<std::int64_t>(counter);
}

std::optional<PreviousRun> findPreviousRun(Transaction& tx) {
  const std::optional<Row> run =
      tx.queryOne("SELECT id, started_at, ended_at, clean, first_batch FROM run ORDER BY id DESC LIMIT 1");
  if (!run) return std::nullopt;
  const std::optional<Row> kept =
      tx.queryOne("SELECT count(*), coalesce(sum(readings), 0), max(taken_at) FROM batch WHERE id >= ?",
                  run->get<std::int64_t>("first_batch"));
  PreviousRun previous{.id = run->get<std::int64_t>("id"),
                       .startedAt = run->get<Timestamp>("started_at"),
                       .clean = run->get<bool>("clean"),
                       .batches = kept->get<std::int64_t>(0),
                       .readings = kept->get<std::int64_t>(1)};
  const auto lastBatch = kept->get<std::optional<Timestamp>>(2).value_or(previous.startedAt);
  previous.endedAt = run->get<std::optional<Timestamp>>("ended_at").value_or(lastBatch);
  return previous;
}

/// The series' number, made where it is new. `known` is read only; what is new goes to `added`, for the caller to keep
/// once the transaction has taken effect.
std::int64_t seriesId(Transaction& tx, Source source, const std::string& name, std::string_view unit,
                      const SeriesIds& known, SeriesIds& added) {
  if (const auto found = known.find(name); found != known.end()) return found->second;
  if (const auto found = added.find(name); found != added.end()) return found->second;
  tx.run("INSERT INTO series(source_id, name, unit) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", idOf(source), name, unit);
  const auto id =
      tx.queryValue<std::int64_t>("SELECT id FROM series WHERE source_id = ? AND name = ?", idOf(source), name);
  added[name] = id.value();
  return *id;
}

void writeTransition(Transaction& tx, std::int64_t series, const AlarmTransition& transition, Timestamp at) {
  if (transition.kind == AlarmTransition::Kind::Raised) {
    tx.run("INSERT INTO alarm(series_id, rule, raised_at, threshold, value, state) VALUES (?, ?, ?, ?, ?, 'open')",
           series, transition.rule, at, transition.threshold, transition.value);
  } else {
    tx.run("UPDATE alarm SET state = 'cleared', cleared_at = ? WHERE series_id = ? AND rule = ? AND state = 'open'", at,
           series, transition.rule);
  }
}

}  // namespace

void Store::createSchema() {
  db_.transaction([](Transaction& tx) {
    for (const Sql& statement : kSchema) tx.run(statement);
    for (const Source source : kSources) {
      tx.run("INSERT INTO source(id, name) VALUES (?, ?) ON CONFLICT DO NOTHING", idOf(source), nameOf(source));
    }
  });
}

RunStart Store::beginRun(Timestamp now) {
  return db_.transaction([now](Transaction& tx) {
    RunStart start{.previous = findPreviousRun(tx)};
    if (start.previous && !start.previous->clean) {
      tx.run("UPDATE run SET ended_at = ? WHERE id = ?", start.previous->endedAt, start.previous->id);
    }
    start.id = tx.run("INSERT INTO run(started_at, first_batch) SELECT ?, coalesce(max(id), 0) + 1 FROM batch", now)
                   .lastInsertRowId;
    return start;
  });
}

void Store::endRun(std::int64_t run, Timestamp now) {
  db_.run("UPDATE run SET ended_at = ?, clean = 1 WHERE id = ?", now, run);
}

std::int64_t Store::writeBatch(const BatchRecord& record, SeriesIds& known) {
  SeriesIds added;
  // The callback may run more than once: it starts from nothing each time and changes nothing outside but `added`.
  const std::int64_t batch = db_.transaction([&](Transaction& tx) {
    added.clear();
    const auto series = [&](const std::string& name, std::string_view unit) {
      return seriesId(tx, record.source, name, unit, known, added);
    };
    const std::int64_t id = tx.run("INSERT INTO batch(source_id, taken_at, readings) VALUES (?, ?, ?)",
                                   idOf(record.source), record.takenAt, record.batch.samples.size())
                                .lastInsertRowId;
    for (const Sample& sample : record.batch.samples) {
      tx.run("INSERT INTO sample(batch_id, series_id, value) VALUES (?, ?, ?)", id, series(sample.name, sample.unit),
             sample.value);
    }
    for (const Discontinuity& fall : record.batch.discontinuities) {
      tx.run("INSERT INTO discontinuity(batch_id, series_id, kind, before, after) VALUES (?, ?, ?, ?, ?)", id,
             series(fall.name, fall.unit), fall.step == CounterStep::Wrapped ? "wrapped" : "reset",
             storable(fall.before), storable(fall.after));
    }
    for (const AlarmTransition& transition : record.transitions) {
      writeTransition(tx, series(transition.series, ""), transition, record.takenAt);
    }
    return id;
  });
  known.merge(added);
  return batch;
}

std::optional<std::int64_t> Store::findBatch(Source source, Timestamp takenAt, std::int64_t after) {
  return db_.queryValue<std::int64_t>("SELECT min(id) FROM batch WHERE source_id = ? AND taken_at = ? AND id > ?",
                                      idOf(source), takenAt, after);
}

std::vector<OpenAlarm> Store::openAlarms() {
  std::vector<OpenAlarm> alarms;
  db_.forEach(
      "SELECT alarm.id, source.name, series.name, alarm.rule FROM alarm"
      " JOIN series ON series.id = alarm.series_id JOIN source ON source.id = series.source_id"
      " WHERE alarm.state = 'open'",
      [&alarms](const RowView& row) {
        alarms.push_back(
            {row.get<std::int64_t>(0), row.get<std::string>(1), row.get<std::string>(2), row.get<std::string>(3)});
      });
  return alarms;
}

void Store::withdrawAlarm(std::int64_t alarm, Timestamp now) {
  db_.run("UPDATE alarm SET state = 'withdrawn', cleared_at = ? WHERE id = ?", now, alarm);
}

Removed Store::removeOldest(Timestamp cutoff, int maxReadings) {
  const auto work = [&](Transaction& tx) {
    Removed removed;
    std::int64_t last = 0;
    tx.forEach(
        "SELECT id, readings, taken_at < ? FROM batch WHERE id < (SELECT max(id) FROM batch) ORDER BY id",
        [&](const RowView& row) {
          // Up to the first that is young enough: after a clock that went wrong, too much is kept and never too little.
          const auto readings = row.get<std::int64_t>(1);
          const bool fits = removed.batches == 0 || removed.readings + readings <= maxReadings;
          if (!row.get<bool>(2) || !fits) return false;
          last = row.get<std::int64_t>(0);
          ++removed.batches;
          removed.readings += readings;
          return true;
        },
        cutoff);
    if (removed.batches == 0) return removed;
    tx.run("DELETE FROM sample WHERE batch_id <= ?", last);
    tx.run("DELETE FROM discontinuity WHERE batch_id <= ?", last);
    tx.run("DELETE FROM batch WHERE id <= ?", last);
    return removed;
  };
  return db_.transaction(work, kLazily);
}

void Store::removeAlarms(Timestamp cutoff) {
  db_.transaction([&](Transaction& tx) { tx.run("DELETE FROM alarm WHERE cleared_at < ?", cutoff); }, kLazily);
}

std::int64_t Store::usedBytes() {
  const auto bytes = db_.queryValue<std::int64_t>(
      "SELECT (page_count - freelist_count) * page_size"
      " FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()");
  return bytes.value();
}

}  // namespace edge_agent
