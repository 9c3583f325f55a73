#include "memory_stress/database.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "support/bare_sqlite.hpp"
#include "support/process_facts.hpp"
#include "support/random.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

using holdfast::ConnectionConfig;
using holdfast::ConnectionPool;

constexpr std::int64_t kBatchRows = 8192;
/// A row, its share of the index and of half-empty pages. Only for the last batch, which should not overshoot.
constexpr std::int64_t kBytesPerRow = 1380;
/// Large rows are one of so many parts of the database.
constexpr std::int64_t kLargeShare = 32;
constexpr std::int64_t kMostLargeRows = 64;

ConnectionConfig fillConfig(const Options& options) {
  ConnectionConfig config = stressConfig(options);
  config.durability = holdfast::Durability::Off;
  config.logger = holdfast::makeStderrLogger(holdfast::LogLevel::Error);  // Or it would warn of that, rightly.
  config.poolSize = 1;
  config.minPoolSize = 1;
  return config;
}

bool hasTable(ConnectionPool& pool, const char* name) {
  return pool.queryValue<std::int64_t>("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?", name)
             .value_or(0) == 1;
}

/// What an earlier run left, where it can be used.
bool reuse(const Options& options, ConnectionPool& pool, Database& database) {
  database.bytes = fileBytes(options.databasePath());
  if (database.bytes == 0) return false;
  if (!hasTable(pool, "memory_stress")) {
    throw std::runtime_error(options.databasePath() + " was not made by this program; choose another directory");
  }
  if (!hasTable(pool, "huge")) return false;  // Of an older version.
  const auto facts = pool.queryOne("SELECT rows, large_rows, bytes FROM memory_stress");
  if (!facts) return false;
  database.rows = facts->get<std::int64_t>(0);
  database.largeRows = facts->get<std::int64_t>(1);
  // As it was when it was made: the load adds to it.
  const auto bytes = facts->get<std::int64_t>(2);
  return bytes >= options.size && bytes <= options.size + options.size / 20;
}

void createTables(ConnectionPool& pool) {
  pool.run(
      "CREATE TABLE record (id INTEGER PRIMARY KEY, device INTEGER NOT NULL, value INTEGER NOT NULL,"
      " version INTEGER NOT NULL DEFAULT 0, name TEXT NOT NULL, payload BLOB NOT NULL)");
  pool.run("CREATE INDEX record_by_device ON record (device)");
  pool.run("CREATE TABLE large (id INTEGER PRIMARY KEY, version INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL)");
  pool.run("CREATE TABLE huge (id INTEGER PRIMARY KEY, body BLOB NOT NULL)");
  pool.run("CREATE TABLE memory_stress (rows INTEGER NOT NULL, large_rows INTEGER NOT NULL, bytes INTEGER NOT NULL)");
}

void addRows(ConnectionPool& pool, std::int64_t first, std::int64_t count) {
  std::vector<std::byte> payload(kPayloadBytes);
  pool.transaction([&](holdfast::Transaction& tx) {
    for (std::int64_t id = first; id < first + count; ++id) {
      Random random(static_cast<std::uint64_t>(id));
      for (std::byte& byte : payload) byte = static_cast<std::byte>(random.next());
      const std::string name = format("record %lld of the stress", static_cast<long long>(id));
      tx.run("INSERT INTO record (id, device, value, name, payload) VALUES (?, ?, ?, ?, ?)", id, id % kDevices,
             random.below(1'000'000'000), name, payload);
    }
  });
}

void addLargeRows(ConnectionPool& pool, std::int64_t count) {
  std::vector<std::byte> body(kLargeBytes);
  pool.transaction([&](holdfast::Transaction& tx) {
    for (std::int64_t id = 1; id <= count; ++id) tx.run("INSERT INTO large (id, body) VALUES (?, ?)", id, body);
  });
}

void fill(const Options& options, ConnectionPool& pool, Database& database,
          const std::function<void(const std::string&)>& announce) {
  createTables(pool);
  database.largeRows =
      std::clamp(options.size / kLargeShare / static_cast<std::int64_t>(kLargeBytes), std::int64_t{2}, kMostLargeRows);
  addLargeRows(pool, database.largeRows);
  while (database.bytes < options.size) {
    const std::int64_t missing = (options.size - database.bytes) / kBytesPerRow + 1;
    const std::int64_t count = std::min(kBatchRows, missing);
    addRows(pool, database.rows + 1, count);
    database.rows += count;
    pool.checkpoint();
    database.bytes = fileBytes(options.databasePath());
    announce(format("filling the database: %s of %s", bytesText(static_cast<double>(database.bytes)).c_str(),
                    bytesText(static_cast<double>(options.size)).c_str()));
  }
  pool.run("INSERT INTO memory_stress (rows, large_rows, bytes) VALUES (?, ?, ?)", database.rows, database.largeRows,
           database.bytes);
}

/// For looking at the database from outside: in this process, so within the budget too.
BareSettings smallCache() {
  BareSettings settings;
  settings.cacheBytes = 128 * holdfast::KiB;
  return settings;
}

std::int64_t integerOf(const Options& options, const char* sql) {
  const BareHandle handle(options.databasePath(), smallCache());
  const BareStatement statement(handle, sql);
  if (sqlite3_step(statement.get()) != SQLITE_ROW) throwBareError(statement.get());
  return sqlite3_column_int64(statement.get(), 0);
}

}  // namespace

ConnectionConfig stressConfig(const Options& options) {
  return stressConfig(options.databasePath(), options.handles, options.limit);
}

ConnectionConfig stressConfig(const std::string& path, std::size_t handles, std::int64_t limit) {
  ConnectionConfig config;
  config.database = path;
  config.poolSize = handles;
  // All handles from the start: what is counted should not depend on when which one was first needed.
  config.minPoolSize = handles;
  config.memoryLimit = limit;
  // Queueing behind others is what the load is about; scenarios that want a refusal ask for it.
  config.acquireTimeout = std::chrono::seconds{60};
  return config;
}

Database prepareDatabase(const Options& options, const std::function<void(const std::string&)>& announce) {
  const auto start = std::chrono::steady_clock::now();
  Database database;
  const bool existed = fileBytes(options.databasePath()) > 0;
  const ConnectionConfig config = fillConfig(options);
  ConnectionPool pool(config);
  database.reused = existed && reuse(options, pool, database);
  if (!database.reused) {
    if (existed) {
      pool.close();
      removeDatabase(options);
      pool.open(config);
    }
    database = {};
    fill(options, pool, database, announce);
  }
  pool.close();
  database.bytes = fileBytes(options.databasePath());
  database.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return database;
}

void removeDatabase(const Options& options) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::remove((options.databasePath() + suffix).c_str());
}

std::int64_t countWrites(const Options& options) {
  return integerOf(options, "SELECT (SELECT sum(version) FROM record) + (SELECT sum(version) FROM large)");
}

std::int64_t countRows(const Options& options) {
  return integerOf(options, "SELECT (SELECT count(*) FROM record) + (SELECT count(*) FROM large)");
}

std::string checkIntegrity(const Options& options) {
  const BareHandle handle(options.databasePath(), smallCache());
  const BareStatement statement(handle, "PRAGMA integrity_check");
  if (sqlite3_step(statement.get()) != SQLITE_ROW) throwBareError(statement.get());
  return reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
}

}  // namespace bench
