#include "bench_repository/readings.hpp"

#include <stdexcept>

#include <holdfast/connection_pool.hpp>
#include <holdfast/repository.hpp>

#include "bench_repository/layer.hpp"
#include "support/text.hpp"

namespace bench {

Reading makeReading(std::int64_t number) {
  using std::chrono::milliseconds;
  Reading reading;
  reading.sensor = format("boiler-%03d", static_cast<int>(number % 1000));
  reading.value = valueOf(number);
  if (number % 2 == 0) reading.note = "measured while the pump was off";
  reading.takenAt = holdfast::Timestamp(milliseconds(1'700'000'000'000 + number * 250));
  return reading;
}

std::vector<Reading> makeReadings(std::int64_t count) {
  std::vector<Reading> readings;
  readings.reserve(static_cast<std::size_t>(count));
  for (std::int64_t number = 1; number <= count; ++number) readings.push_back(makeReading(number));
  return readings;
}

namespace {

void fillReadings(BareHandle& handle, std::int64_t rows) {
  const BareStatement insert(handle, kCreateReading);
  handle.execute("BEGIN");
  for (std::int64_t number = 1; number <= rows; ++number) {
    const Reading reading = makeReading(number);
    sqlite3_stmt* statement = insert.get();
    sqlite3_bind_text(statement, 1, reading.sensor.data(), static_cast<int>(reading.sensor.size()), SQLITE_STATIC);
    sqlite3_bind_double(statement, 2, reading.value);
    if (reading.note) {
      sqlite3_bind_text(statement, 3, reading.note->data(), static_cast<int>(reading.note->size()), SQLITE_STATIC);
    } else {
      sqlite3_bind_null(statement, 3);
    }
    sqlite3_bind_int64(statement, 4, reading.takenAt.time_since_epoch().count());
    if (sqlite3_step(statement) != SQLITE_DONE) throwBareError(statement);
    sqlite3_reset(statement);
  }
  handle.execute("COMMIT");
}

}  // namespace

void makeReadingTable(const std::string& path, std::int64_t rows) {
  holdfast::ConnectionConfig config;
  config.database = path;
  holdfast::ConnectionPool pool(config);
  holdfast::BaseRepository<Reading>(pool).createTable();
  pool.close();
  BareHandle handle(path, readingSettings(false));
  fillReadings(handle, rows);
}

Contents contentsOf(const std::string& path) {
  const BareHandle handle(path, readingSettings(false));
  const BareStatement statement(handle, "SELECT count(*), total(value) FROM reading");
  if (sqlite3_step(statement.get()) != SQLITE_ROW) throwBareError(statement.get());
  return {sqlite3_column_int64(statement.get(), 0), sqlite3_column_double(statement.get(), 1)};
}

void requireContents(const char* contestant, const std::string& path, const Contents& wanted) {
  const Contents found = contentsOf(path);
  if (found == wanted) return;
  throw std::runtime_error(format("%s left %lld rows with the sum %g; %lld with %g were due", contestant,
                                  static_cast<long long>(found.rows), found.sum, static_cast<long long>(wanted.rows),
                                  wanted.sum));
}

BareSettings readingSettings(bool syncCommits) {
  BareSettings settings;
  settings.cacheBytes = kCacheBytes;
  settings.syncCommits = syncCommits;
  return settings;
}

std::vector<std::string> pragmasFor(const Place& place) { return pragmasOf(readingSettings(place.syncCommits)); }

}  // namespace bench
