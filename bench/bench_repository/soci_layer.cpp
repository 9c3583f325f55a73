#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "bench_repository/layer.hpp"

namespace bench {

namespace {

using soci::into;
using soci::use;

/// What SOCI exchanges values with, once for each statement. Its integers are `long long`.
struct Exchange {
  long long id = 0;
  std::string sensor;
  double value = 0;
  std::string note;
  soci::indicator noteState = soci::i_null;
  long long takenAt = 0;
  // Parameters.
  long long wantedId = 0;
  long long wantedCount = 0;
  double newValue = 0;

  Reading reading() const {
    Reading result;
    result.id = id;
    result.sensor = sensor;
    result.value = value;
    if (noteState == soci::i_ok) result.note = note;
    result.takenAt = holdfast::Timestamp(std::chrono::milliseconds(takenAt));
    return result;
  }
  void set(const Reading& from) {
    sensor = from.sensor;
    value = from.value;
    noteState = from.note ? soci::i_ok : soci::i_null;
    if (from.note) note = *from.note;
    takenAt = from.takenAt.time_since_epoch().count();
  }
};

soci::statement prepareFind(soci::session& session, Exchange& x) {
  return (session.prepare << kFindReading, use(x.wantedId), into(x.id), into(x.sensor), into(x.value),
          into(x.note, x.noteState), into(x.takenAt));
}
soci::statement prepareList(soci::session& session, Exchange& x) {
  return (session.prepare << kListReadings, use(x.wantedId), use(x.wantedCount), into(x.id), into(x.sensor),
          into(x.value), into(x.note, x.noteState), into(x.takenAt));
}
soci::statement prepareCreate(soci::session& session, Exchange& x) {
  return (session.prepare << kCreateReading, use(x.sensor), use(x.value), use(x.note, x.noteState), use(x.takenAt));
}
soci::statement prepareUpdate(soci::session& session, Exchange& x) {
  return (session.prepare << kUpdateReading, use(x.newValue), use(x.wantedId), into(x.id), into(x.sensor),
          into(x.value), into(x.note, x.noteState), into(x.takenAt));
}
soci::statement prepareRemove(soci::session& session, Exchange& x) {
  return (session.prepare << kRemoveReading, use(x.wantedId));
}

/// To the end of the rows, which is where SQLite commits.
std::optional<Reading> readOne(soci::statement& statement, const Exchange& x) {
  std::optional<Reading> found;
  for (bool has = statement.execute(true); has; has = statement.fetch()) found = x.reading();
  return found;
}

std::vector<Reading> readAll(soci::statement& statement, const Exchange& x) {
  std::vector<Reading> found;
  found.reserve(static_cast<std::size_t>(x.wantedCount));
  for (bool has = statement.execute(true); has; has = statement.fetch()) found.push_back(x.reading());
  return found;
}

class SociLayer : public Layer {
 public:
  explicit SociLayer(const Place& place) : session(soci::sqlite3, place.path) {
    for (const std::string& pragma : pragmasFor(place)) session << pragma;
  }

  std::optional<Reading> findById(std::int64_t id) override {
    Exchange x;
    x.wantedId = id;
    soci::statement statement = prepareFind(session, x);
    return readOne(statement, x);
  }
  std::vector<Reading> findMany(std::int64_t firstId, std::int64_t count) override {
    Exchange x;
    x.wantedId = firstId;
    x.wantedCount = count;
    soci::statement statement = prepareList(session, x);
    return readAll(statement, x);
  }
  void createMany(std::vector<Reading>& readings) override {
    Exchange x;
    soci::statement statement = prepareCreate(session, x);
    createAll(statement, x, readings);
  }
  std::optional<Reading> update(std::int64_t id, double value) override {
    Exchange x;
    x.wantedId = id;
    x.newValue = value;
    soci::statement statement = prepareUpdate(session, x);
    return readOne(statement, x);
  }
  bool remove(std::int64_t id) override {
    Exchange x;
    x.wantedId = id;
    soci::statement statement = prepareRemove(session, x);
    statement.execute(true);
    return statement.get_affected_rows() > 0;
  }
  void execute(const char* sql) override { session << sql; }

 protected:
  void createAll(soci::statement& statement, Exchange& x, std::vector<Reading>& readings) {
    soci::transaction transaction(session);
    for (Reading& reading : readings) {
      x.set(reading);
      statement.execute(true);
      long long id = 0;
      session.get_last_insert_id("reading", id);
      reading.id = id;
    }
    transaction.commit();
  }

  soci::session session;
};

class PreparedSociLayer final : public SociLayer {
 public:
  using SociLayer::SociLayer;

  std::optional<Reading> findById(std::int64_t id) override {
    x_.wantedId = id;
    return readOne(find_, x_);
  }
  std::vector<Reading> findMany(std::int64_t firstId, std::int64_t count) override {
    x_.wantedId = firstId;
    x_.wantedCount = count;
    return readAll(list_, x_);
  }
  void createMany(std::vector<Reading>& readings) override { createAll(create_, x_, readings); }
  std::optional<Reading> update(std::int64_t id, double value) override {
    x_.wantedId = id;
    x_.newValue = value;
    return readOne(update_, x_);
  }
  bool remove(std::int64_t id) override {
    x_.wantedId = id;
    remove_.execute(true);
    return remove_.get_affected_rows() > 0;
  }

 private:
  Exchange x_;
  soci::statement find_ = prepareFind(session, x_);
  soci::statement list_ = prepareList(session, x_);
  soci::statement create_ = prepareCreate(session, x_);
  soci::statement update_ = prepareUpdate(session, x_);
  soci::statement remove_ = prepareRemove(session, x_);
};

}  // namespace

std::unique_ptr<Layer> openSoci(const Place& place) { return std::make_unique<SociLayer>(place); }

std::unique_ptr<Layer> openSociPrepared(const Place& place) { return std::make_unique<PreparedSociLayer>(place); }

}  // namespace bench
