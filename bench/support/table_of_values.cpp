#include "support/table_of_values.hpp"

#include <algorithm>

#include <holdfast/units.hpp>

namespace bench {

std::int64_t cacheBytesFor(std::int64_t rows) { return std::max<std::int64_t>(holdfast::MiB, rows * 64); }

BareSettings bareSettings(std::int64_t rows) {
  BareSettings settings;
  settings.cacheBytes = cacheBytesFor(rows);
  return settings;
}

holdfast::ConnectionConfig poolConfig(const std::string& path, std::int64_t rows) {
  holdfast::ConnectionConfig config;
  config.database = path;
  config.cacheSize = cacheBytesFor(rows);
  return config;
}

void makeTable(const std::string& path, std::int64_t rows) {
  BareHandle handle(path, bareSettings(rows));
  handle.execute("BEGIN");
  handle.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)");
  {
    const BareStatement insert(handle, kInsertValue);
    Random random(1);
    for (std::int64_t i = 0; i < rows; ++i) {
      sqlite3_bind_int64(insert.get(), 1, random.below(1'000'000'000));
      if (sqlite3_step(insert.get()) != SQLITE_DONE) throwBareError(insert.get());
      sqlite3_reset(insert.get());
    }
  }
  handle.execute("COMMIT");
}

void writeOnce(const std::string& path, std::int64_t rows) {
  BareHandle handle(path, bareSettings(rows));
  handle.execute("UPDATE t SET value = value + 1 WHERE id = 1");
}

}  // namespace bench
