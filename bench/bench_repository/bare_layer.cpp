// By hand, as one writes it who cares for speed: statements are prepared once, text is not copied on its way in.

#include "bench_repository/layer.hpp"
#include "bench_repository/readings.hpp"

namespace bench {

namespace {

void bindText(sqlite3_stmt* statement, int index, const std::string& text) {
  sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

std::string_view textOf(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

void readInto(Reading& reading, sqlite3_stmt* statement) {
  reading.id = sqlite3_column_int64(statement, 0);
  reading.sensor = textOf(statement, 1);
  reading.value = sqlite3_column_double(statement, 2);
  if (sqlite3_column_type(statement, 3) != SQLITE_NULL) reading.note = textOf(statement, 3);
  reading.takenAt = holdfast::Timestamp(std::chrono::milliseconds(sqlite3_column_int64(statement, 4)));
}

class BareLayer final : public Layer {
 public:
  explicit BareLayer(const Place& place) : handle_(place.path, readingSettings(place.syncCommits)) {}

  std::optional<Reading> findById(std::int64_t id) override {
    sqlite3_stmt* statement = find_.get();
    sqlite3_bind_int64(statement, 1, id);
    std::optional<Reading> found;
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) readInto(found.emplace(), statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) throwBareError(statement);
    sqlite3_reset(statement);
    return found;
  }

  std::vector<Reading> findMany(std::int64_t firstId, std::int64_t count) override {
    sqlite3_stmt* statement = list_.get();
    sqlite3_bind_int64(statement, 1, firstId);
    sqlite3_bind_int64(statement, 2, count);
    std::vector<Reading> found;
    found.reserve(static_cast<std::size_t>(count));
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) readInto(found.emplace_back(), statement);
    if (code != SQLITE_DONE) throwBareError(statement);
    sqlite3_reset(statement);
    return found;
  }

  void createMany(std::vector<Reading>& readings) override {
    stepToEnd(begin_.get());
    sqlite3_stmt* statement = create_.get();
    for (Reading& reading : readings) {
      bindText(statement, 1, reading.sensor);
      sqlite3_bind_double(statement, 2, reading.value);
      reading.note ? bindText(statement, 3, *reading.note) : static_cast<void>(sqlite3_bind_null(statement, 3));
      sqlite3_bind_int64(statement, 4, reading.takenAt.time_since_epoch().count());
      stepToEnd(statement);
      reading.id = sqlite3_last_insert_rowid(handle_.get());
    }
    stepToEnd(commit_.get());
  }

  std::optional<Reading> update(std::int64_t id, double value) override {
    sqlite3_stmt* statement = update_.get();
    sqlite3_bind_double(statement, 1, value);
    sqlite3_bind_int64(statement, 2, id);
    std::optional<Reading> changed;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) readInto(changed.emplace(), statement);
    if (code != SQLITE_DONE) throwBareError(statement);
    sqlite3_reset(statement);
    return changed;
  }

  bool remove(std::int64_t id) override {
    sqlite3_bind_int64(remove_.get(), 1, id);
    stepToEnd(remove_.get());
    return sqlite3_changes(handle_.get()) > 0;
  }
  void execute(const char* sql) override { handle_.execute(sql); }

 private:
  static void stepToEnd(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) throwBareError(statement);
    sqlite3_reset(statement);
  }

  BareHandle handle_;
  BareStatement find_{handle_, kFindReading};
  BareStatement list_{handle_, kListReadings};
  BareStatement create_{handle_, kCreateReading};
  BareStatement update_{handle_, kUpdateReading};
  BareStatement remove_{handle_, kRemoveReading};
  BareStatement begin_{handle_, "BEGIN IMMEDIATE"};
  BareStatement commit_{handle_, "COMMIT"};
};

}  // namespace

std::unique_ptr<Layer> openBare(const Place& place) { return std::make_unique<BareLayer>(place); }

}  // namespace bench
