#include "bench_transactions/table_of_rows.hpp"

#include <memory>

#include "support/text.hpp"

namespace bench {

namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::int64_t kCacheBytes = 2000 * 1024;  // SQLite's default.

struct Close {
  void operator()(sqlite3* handle) const { sqlite3_close(handle); }
};

}  // namespace

void makeRowTable(const std::string& path, int pageSize) {
  // By hand: the size of a page has to be set before anything else.
  sqlite3* opened = nullptr;
  const int code = sqlite3_open(path.c_str(), &opened);
  const std::unique_ptr<sqlite3, Close> handle(opened);
  const std::string sql = format("PRAGMA page_size = %d; PRAGMA journal_mode = WAL;", pageSize) +
                          "CREATE TABLE reading (id INTEGER PRIMARY KEY, payload TEXT NOT NULL)";
  if (code != SQLITE_OK || sqlite3_exec(opened, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throwBareError(opened);
  }
}

BareSettings writerSettings(holdfast::Durability durability) {
  BareSettings settings;
  settings.cacheBytes = kCacheBytes;
  settings.syncCommits = durability == holdfast::Durability::Full;
  settings.busyTimeoutMs = static_cast<int>(std::chrono::milliseconds(kPatience).count());
  return settings;
}

holdfast::ConnectionConfig writerConfig(const std::string& path, holdfast::Durability durability) {
  holdfast::ConnectionConfig config;
  config.database = path;
  config.cacheSize = kCacheBytes;
  config.durability = durability;
  config.acquireTimeout = kPatience;
  return config;
}

void growLog(BareHandle& handle) {
  const BareStatement insert(handle, kInsertRow);
  const BareStatement level(handle, "PRAGMA synchronous");
  if (sqlite3_step(level.get()) != SQLITE_ROW) throwBareError(level.get());
  const int before = sqlite3_column_int(level.get(), 0);
  sqlite3_reset(level.get());
  handle.execute("PRAGMA synchronous = OFF");
  sqlite3_bind_text(insert.get(), 1, kPayload, -1, SQLITE_STATIC);
  for (int i = 0; i < kGrowingInserts; ++i) {
    if (sqlite3_step(insert.get()) != SQLITE_DONE) throwBareError(insert.get());
    sqlite3_reset(insert.get());
  }
  handle.execute(format("PRAGMA synchronous = %d", before).c_str());
}

void growLog(holdfast::ConnectionPool& pool) {
  holdfast::TransactionOptions unsafe;
  unsafe.durability = holdfast::Durability::Off;
  for (int i = 0; i < kGrowingInserts; ++i) {
    pool.transaction([](holdfast::Transaction& tx) { tx.run(kInsertRow, kPayload); }, unsafe);
  }
}

}  // namespace bench
