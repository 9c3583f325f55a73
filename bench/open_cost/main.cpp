// Opens a database, reads one row and closes it, so many times: what tools/open_cost counts the instructions of.
//   open_cost make|bare|pool <file> <times>
// 0: done; 1: could not; 2: bad usage.

#include <holdfast/connection_pool.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/bare_sqlite.hpp"

namespace {

constexpr holdfast::Sql kRead = "SELECT value FROM item WHERE id = 1";

void makeTable(const std::string& file) {
  holdfast::ConnectionConfig config;
  config.database = file;
  holdfast::ConnectionPool pool(config);
  pool.run("CREATE TABLE IF NOT EXISTS item(id INTEGER PRIMARY KEY, value INTEGER)");
  pool.run("INSERT OR IGNORE INTO item VALUES (1, 1)");
}

/// The rest of the settings that a handle of a pool has, as one would write them by hand: set, and not read back.
void applyProfile(sqlite3* handle) {
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 1);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 64 * 1024 * 1024);
  sqlite3_limit(handle, SQLITE_LIMIT_VDBE_OP, 1'000'000);
  for (const char* sql : {"PRAGMA temp_store=1", "PRAGMA cell_size_check=1"}) {
    if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw std::runtime_error(sql);
  }
  sqlite3_wal_autocheckpoint(handle, 0);
}

void openBare(const std::string& file) {
  const bench::BareHandle handle(file, {});
  applyProfile(handle.get());
  const bench::BareStatement statement(handle, "SELECT value FROM item WHERE id = 1");
  if (sqlite3_step(statement.get()) != SQLITE_ROW) throw std::runtime_error("the row is not there");
}

void openPool(const std::string& file) {
  holdfast::ConnectionConfig config;
  config.database = file;
  config.poolSize = 4;
  config.minPoolSize = 4;
  holdfast::ConnectionPool pool(config);
  if (!pool.queryValue<int>(kRead)) throw std::runtime_error("the row is not there");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 4 ? argv[1] : "";
  if (mode != "bare" && mode != "pool" && mode != "make") {
    std::fputs("usage: open_cost make|bare|pool <file> <times>\n", stderr);
    return 2;
  }
  const std::string file = argv[2];
  const int times = std::atoi(argv[3]);
  try {
    if (mode == "make") makeTable(file);
    const std::function<void(const std::string&)> open = mode == "bare" ? openBare : openPool;
    for (int i = 0; i < times; ++i) open(file);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "open_cost: %s\n", failure.what());
    return 1;
  }
  return 0;
}
