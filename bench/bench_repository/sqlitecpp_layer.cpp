#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include "bench_repository/layer.hpp"
#include "bench_repository/readings.hpp"

namespace bench {

namespace {

Reading readReading(SQLite::Statement& statement) {
  Reading reading;
  reading.id = statement.getColumn(0).getInt64();
  reading.sensor = statement.getColumn(1).getString();
  reading.value = statement.getColumn(2).getDouble();
  const SQLite::Column note = statement.getColumn(3);
  if (!note.isNull()) reading.note = note.getString();
  reading.takenAt = holdfast::Timestamp(std::chrono::milliseconds(statement.getColumn(4).getInt64()));
  return reading;
}

std::optional<Reading> findOne(SQLite::Statement& statement, std::int64_t id) {
  statement.bind(1, id);
  if (!statement.executeStep()) return std::nullopt;
  return readReading(statement);
}

std::vector<Reading> readAll(SQLite::Statement& statement, std::int64_t firstId, std::int64_t count) {
  statement.bind(1, firstId);
  statement.bind(2, count);
  std::vector<Reading> found;
  found.reserve(static_cast<std::size_t>(count));
  while (statement.executeStep()) found.push_back(readReading(statement));
  return found;
}

void create(SQLite::Database& database, SQLite::Statement& statement, Reading& reading) {
  statement.bindNoCopy(1, reading.sensor);
  statement.bind(2, reading.value);
  reading.note ? statement.bindNoCopy(3, *reading.note) : statement.bind(3);
  statement.bind(4, static_cast<std::int64_t>(reading.takenAt.time_since_epoch().count()));
  statement.exec();
  reading.id = database.getLastInsertRowid();
}

std::optional<Reading> updateOne(SQLite::Statement& statement, std::int64_t id, double value) {
  statement.bind(1, value);
  statement.bind(2, id);
  std::optional<Reading> changed;
  while (statement.executeStep()) changed = readReading(statement);
  return changed;
}

bool removeOne(SQLite::Statement& statement, std::int64_t id) {
  statement.bind(1, id);
  return statement.exec() > 0;
}

class SqliteCppLayer : public Layer {
 public:
  explicit SqliteCppLayer(const Place& place)
      : database(place.path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, readingSettings(true).busyTimeoutMs) {
    for (const std::string& pragma : pragmasFor(place)) database.exec(pragma);
  }

  std::optional<Reading> findById(std::int64_t id) override {
    SQLite::Statement statement(database, kFindReading);
    return findOne(statement, id);
  }
  std::vector<Reading> findMany(std::int64_t firstId, std::int64_t count) override {
    SQLite::Statement statement(database, kListReadings);
    return readAll(statement, firstId, count);
  }
  void createMany(std::vector<Reading>& readings) override {
    SQLite::Statement statement(database, kCreateReading);
    createAll(statement, readings);
  }
  std::optional<Reading> update(std::int64_t id, double value) override {
    SQLite::Statement statement(database, kUpdateReading);
    return updateOne(statement, id, value);
  }
  bool remove(std::int64_t id) override {
    SQLite::Statement statement(database, kRemoveReading);
    return removeOne(statement, id);
  }
  void execute(const char* sql) override { database.exec(sql); }

 protected:
  void createAll(SQLite::Statement& statement, std::vector<Reading>& readings) {
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    for (Reading& reading : readings) {
      create(database, statement, reading);
      statement.reset();
    }
    transaction.commit();
  }

  SQLite::Database database;
};

class PreparedSqliteCppLayer final : public SqliteCppLayer {
 public:
  using SqliteCppLayer::SqliteCppLayer;

  std::optional<Reading> findById(std::int64_t id) override {
    const Reset reset{find_};
    return findOne(find_, id);
  }
  std::vector<Reading> findMany(std::int64_t firstId, std::int64_t count) override {
    const Reset reset{list_};
    return readAll(list_, firstId, count);
  }
  void createMany(std::vector<Reading>& readings) override { createAll(create_, readings); }
  std::optional<Reading> update(std::int64_t id, double value) override {
    const Reset reset{update_};
    return updateOne(update_, id, value);
  }
  bool remove(std::int64_t id) override {
    const Reset reset{remove_};
    return removeOne(remove_, id);
  }

 private:
  struct Reset {
    SQLite::Statement& statement;
    ~Reset() { statement.tryReset(); }
  };

  SQLite::Statement find_{database, kFindReading};
  SQLite::Statement list_{database, kListReadings};
  SQLite::Statement create_{database, kCreateReading};
  SQLite::Statement update_{database, kUpdateReading};
  SQLite::Statement remove_{database, kRemoveReading};
};

}  // namespace

std::unique_ptr<Layer> openSqliteCpp(const Place& place) { return std::make_unique<SqliteCppLayer>(place); }

std::unique_ptr<Layer> openSqliteCppPrepared(const Place& place) {
  return std::make_unique<PreparedSqliteCppLayer>(place);
}

}  // namespace bench
