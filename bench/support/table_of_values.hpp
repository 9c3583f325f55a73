#pragma once

#include <cstdint>
#include <string>

#include <holdfast/connection_config.hpp>

#include "support/bare_sqlite.hpp"
#include "support/random.hpp"

namespace bench {

inline constexpr char kReadValue[] = "SELECT value FROM t WHERE id = ?";
inline constexpr char kInsertValue[] = "INSERT INTO t (value) VALUES (?)";

/// Page cache of a handle that holds the whole table.
std::int64_t cacheBytesFor(std::int64_t rows);

/// Makes a database with `t (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)`, ids 1 to `rows`.
void makeTable(const std::string& path, std::int64_t rows);

/// The same settings for both sides.
BareSettings bareSettings(std::int64_t rows);
holdfast::ConnectionConfig poolConfig(const std::string& path, std::int64_t rows);

/// A point read as one writes it by hand who cares for speed.
class BareReader {
 public:
  BareReader(const std::string& path, std::int64_t rows) : handle_(path, bareSettings(rows)) {}

  std::int64_t read(std::int64_t id) {
    sqlite3_stmt* statement = read_.get();
    sqlite3_bind_int64(statement, 1, id);
    if (sqlite3_step(statement) != SQLITE_ROW) throwBareError(statement);
    const std::int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return value;
  }

 private:
  BareHandle handle_;
  BareStatement read_{handle_, kReadValue};
};

/// A log that was never written costs each read a system call more; devices write.
void writeOnce(const std::string& path, std::int64_t rows);

}  // namespace bench
