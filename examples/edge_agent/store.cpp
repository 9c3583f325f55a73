#include "store.hpp"

#include <array>
#include <limits>
#include <tuple>
#include <utility>

#include <holdfast/error.hpp>

namespace edge_agent {
namespace {

using holdfast::ascending;
using holdfast::countRows;
using holdfast::descending;
using holdfast::field;
using holdfast::maximum;
using holdfast::minimum;
using holdfast::set;
using holdfast::Sql;
using holdfast::sum;
using holdfast::Timestamp;
using holdfast::Transaction;
using rows::AlarmState;

// What a mapping does not say: indexes on some of the rows, and a view.
const std::array kBesidesTheTables{
    Sql("CREATE UNIQUE INDEX IF NOT EXISTS alarm_open ON alarm(series_id, rule) WHERE state = 'open'"),
    Sql("CREATE INDEX IF NOT EXISTS alarm_cleared ON alarm(cleared_at) WHERE cleared_at IS NOT NULL"),
    Sql("CREATE VIEW IF NOT EXISTS reading AS"
        "  SELECT sample.batch_id, sample.series_id, batch.taken_at, sample.value"
        "  FROM batch JOIN sample ON sample.batch_id = batch.id"),
};

// Deleting is not worth a sync of its own: what a power cut brings back is deleted again.
const holdfast::TransactionOptions kLazily{.durability = holdfast::Durability::Normal};

/// Counters are 64 bits without sign in the kernel, with sign in the database.
std::int64_t storable(std::uint64_t counter) noexcept {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return counter > static_cast<std::uint64_t>(kMost) ? kMost : static_cast<std::int64_t>(counter);
}

}  // namespace

Store::Store(holdfast::ConnectionPool& db)
    : db_(db), runs_(db), sources_(db), series_(db), batches_(db), samples_(db), discontinuities_(db), alarms_(db) {}

void Store::createSchema() {
  db_.transaction([this](Transaction& tx) {
    const auto create = [&tx](const auto&... tables) { (tables.in(tx).createTable(), ...); };
    create(runs_, sources_, series_, batches_, samples_, discontinuities_, alarms_);
    for (const Sql& statement : kBesidesTheTables) tx.run(statement);
    for (const Source source : kSources) {
      if (!sources_.in(tx).exists(source)) sources_.in(tx).create({source, std::string(nameOf(source))});
    }
  });
}

std::optional<PreviousRun> Store::findPreviousRun(Transaction& tx) const {
  const auto run = runs_.in(tx).findOne({.orderBy = {descending(&rows::Run::id)}});
  if (!run) return std::nullopt;
  const auto [batches, readings, lastBatch] = batches_.in(tx).aggregate(
      std::tuple(countRows<rows::Batch>(), sum(&rows::Batch::readings), maximum(&rows::Batch::takenAt)),
      {.where = field(&rows::Batch::id) >= run->firstBatch});
  return PreviousRun{.id = run->id,
                     .startedAt = run->startedAt,
                     .endedAt = run->endedAt.value_or(lastBatch.value_or(run->startedAt)),
                     .clean = run->clean,
                     .batches = batches,
                     .readings = readings.value_or(0)};
}

RunStart Store::beginRun(Timestamp now) {
  return db_.transaction([this, now](Transaction& tx) {
    RunStart start{.previous = findPreviousRun(tx)};
    if (start.previous && !start.previous->clean) {
      runs_.in(tx).update(start.previous->id, {set(&rows::Run::endedAt, start.previous->endedAt)});
    }
    const std::int64_t lastBatch = batches_.in(tx).aggregate(maximum(&rows::Batch::id)).value_or(0);
    start.id = runs_.in(tx).create({.startedAt = now, .firstBatch = lastBatch + 1}).id;
    return start;
  });
}

void Store::endRun(std::int64_t run, Timestamp now) {
  runs_.update(run, {set(&rows::Run::endedAt, now), set(&rows::Run::clean, true)});
}

/// The series' number, made where it is new. `known` is read only; what is new goes to `added`, for the caller to keep
/// once the transaction has taken effect.
std::int64_t Store::seriesId(Transaction& tx, Source source, const std::string& name, std::string_view unit,
                             const SeriesIds& known, SeriesIds& added) const {
  if (const auto found = known.find(name); found != known.end()) return found->second;
  if (const auto found = added.find(name); found != added.end()) return found->second;
  const auto series = series_.in(tx);
  const auto stored =
      series.findOne({.where = field(&rows::Series::source) == source && field(&rows::Series::name) == name});
  const std::int64_t id =
      stored ? stored->id : series.create({.source = source, .name = name, .unit = std::string(unit)}).id;
  added[name] = id;
  return id;
}

void Store::writeTransition(Transaction& tx, std::int64_t series, const AlarmTransition& transition,
                            Timestamp at) const {
  if (transition.kind == AlarmTransition::Kind::Raised) {
    alarms_.in(tx).create({.seriesId = series,
                           .rule = transition.rule,
                           .raisedAt = at,
                           .threshold = transition.threshold,
                           .value = transition.value});
  } else {
    alarms_.in(tx).updateMany(
        field(&rows::Alarm::seriesId) == series && field(&rows::Alarm::rule) == transition.rule && rows::isOpen(),
        {set(&rows::Alarm::state, AlarmState::Cleared), set(&rows::Alarm::clearedAt, at)});
  }
}

std::int64_t Store::writeBatch(const BatchRecord& record, SeriesIds& known) {
  SeriesIds added;
  // The callback may run more than once: it starts from nothing each time and changes nothing outside but `added`.
  const std::int64_t batch = db_.transaction([&](Transaction& tx) {
    added.clear();
    const auto series = [&](const std::string& name, std::string_view unit) {
      return seriesId(tx, record.source, name, unit, known, added);
    };
    const auto readings = static_cast<std::int64_t>(record.batch.samples.size());
    const std::int64_t id =
        batches_.in(tx).create({.source = record.source, .takenAt = record.takenAt, .readings = readings}).id;
    std::vector<rows::Sample> samples;
    samples.reserve(record.batch.samples.size());
    for (const Sample& sample : record.batch.samples) {
      samples.push_back({id, series(sample.name, sample.unit), sample.value});
    }
    samples_.in(tx).createMany(std::move(samples));
    for (const Discontinuity& fall : record.batch.discontinuities) {
      discontinuities_.in(tx).create(
          {id, series(fall.name, fall.unit), fall.step, storable(fall.before), storable(fall.after)});
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
  return batches_.aggregate(minimum(&rows::Batch::id),
                            {.where = field(&rows::Batch::source) == source &&
                                      field(&rows::Batch::takenAt) == takenAt && field(&rows::Batch::id) > after});
}

std::vector<OpenAlarm> Store::openAlarms() {
  std::vector<OpenAlarm> open;
  for (const rows::Alarm& alarm : alarms_.findMany({.where = rows::isOpen(), .include = {&rows::Alarm::series}})) {
    open.push_back({alarm.id, std::string(nameOf(alarm.series->source)), alarm.series->name, alarm.rule});
  }
  return open;
}

void Store::withdrawAlarm(std::int64_t alarm, Timestamp now) {
  alarms_.update(alarm, {set(&rows::Alarm::state, AlarmState::Withdrawn), set(&rows::Alarm::clearedAt, now)});
}

Removed Store::removeOldest(Timestamp cutoff, int maxReadings) {
  const auto work = [&](Transaction& tx) {
    const auto batches = batches_.in(tx);
    const std::int64_t newest = batches.aggregate(maximum(&rows::Batch::id)).value_or(0);
    Removed removed;
    std::int64_t last = 0;
    batches.forEach({.where = field(&rows::Batch::id) < newest, .orderBy = {ascending(&rows::Batch::id)}},
                    [&](const rows::Batch& batch) {
                      // Up to the first that is young enough: after a clock that went wrong, too much is kept and
                      // never too little.
                      const bool fits = removed.batches == 0 || removed.readings + batch.readings <= maxReadings;
                      if (batch.takenAt >= cutoff || !fits) return false;
                      last = batch.id;
                      ++removed.batches;
                      removed.readings += batch.readings;
                      return true;
                    });
    if (removed.batches == 0) return removed;
    samples_.in(tx).removeMany(field(&rows::Sample::batch) <= last);
    discontinuities_.in(tx).removeMany(field(&rows::Discontinuity::batch) <= last);
    batches.removeMany(field(&rows::Batch::id) <= last);
    return removed;
  };
  return db_.transaction(work, kLazily);
}

void Store::removeAlarms(Timestamp cutoff) {
  db_.transaction([&](Transaction& tx) { alarms_.in(tx).removeMany(field(&rows::Alarm::clearedAt) < cutoff); },
                  kLazily);
}

std::int64_t Store::usedBytes() {
  const auto bytes = db_.queryValue<std::int64_t>(
      "SELECT (page_count - freelist_count) * page_size"
      " FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()");
  return bytes.value();
}

}  // namespace edge_agent
