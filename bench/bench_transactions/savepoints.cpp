#include <array>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Savepoint.h>
#include <holdfast/connection_pool.hpp>

#include "bench_transactions/bare_writer.hpp"
#include "bench_transactions/plan.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

constexpr int kDeepest = 8;
constexpr int kBatch = 64;
constexpr double kWantedRatio = 0.85;

// Every round is one transaction that has written a row.

void nest(holdfast::Transaction& tx, int depth) {
  if (depth == 0) return;
  tx.transaction([depth](holdfast::Transaction& nested) { nest(nested, depth - 1); });
}

Contender pooled(holdfast::ConnectionPool& pool, int depth) {
  return {"pool, tx.transaction", [&pool, depth](std::chrono::nanoseconds duration) {
            return pool.transaction([&](holdfast::Transaction& tx) {
              tx.run(kInsertRow, kPayload);
              return repeat(duration, kBatch, [&] { nest(tx, depth); });
            });
          }};
}

class BareSavepoints {
 public:
  explicit BareSavepoints(BareHandle& handle) : handle_(handle) {}

  void nest(int depth) {
    for (int i = 0; i < depth; ++i) step(enter_);
    for (int i = 0; i < depth; ++i) step(leave_);
  }
  Contender contender(int depth) {
    return {"bare, prepared", [this, depth](std::chrono::nanoseconds duration) {
              handle_.execute("BEGIN IMMEDIATE");
              handle_.execute(format("INSERT INTO reading (payload) VALUES ('%s')", kPayload).c_str());
              const Round done = repeat(duration, kBatch, [&] { nest(depth); });
              handle_.execute("COMMIT");
              return done;
            }};
  }

 private:
  static void step(const BareStatement& statement) {
    if (sqlite3_step(statement.get()) != SQLITE_DONE) throwBareError(statement.get());
    sqlite3_reset(statement.get());
  }

  BareHandle& handle_;
  BareStatement enter_{handle_, "SAVEPOINT s"};
  BareStatement leave_{handle_, "RELEASE s"};
};

constexpr std::array<const char*, kDeepest> kNames{"s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"};

void nest(SQLite::Database& database, int depth) {
  if (depth == 0) return;
  SQLite::Savepoint savepoint(database, kNames[static_cast<std::size_t>(depth - 1)]);
  nest(database, depth - 1);
  savepoint.release();
}

Contender wrapped(SQLite::Database& database, int depth) {
  return {"SQLite::Savepoint", [&database, depth](std::chrono::nanoseconds duration) {
            database.exec("BEGIN IMMEDIATE");
            database.exec(format("INSERT INTO reading (payload) VALUES ('%s')", kPayload));
            const Round done = repeat(duration, kBatch, [&] { nest(database, depth); });
            database.exec("COMMIT");
            return done;
          }};
}

}  // namespace

std::vector<Section> measureSavepoints(const Bench& bench) {
  const std::string poolFile = bench.directory + "/pool.db";
  const std::string bareFile = bench.directory + "/bare.db";
  const std::string wrappedFile = bench.directory + "/wrapped.db";
  for (const std::string& path : {poolFile, bareFile, wrappedFile}) makeRowTable(path);
  holdfast::ConnectionPool pool(writerConfig(poolFile, holdfast::Durability::Normal));
  BareHandle handle(bareFile, writerSettings(holdfast::Durability::Normal));
  BareSavepoints bare(handle);
  SQLite::Database database(wrappedFile, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX);
  database.exec("PRAGMA synchronous = NORMAL");
  const RoundPlan plan{bench.options.calm.rounds, bench.options.calm.roundTime / 2};
  std::vector<Section> sections;
  for (int depth = 1; depth <= kDeepest; ++depth) {
    const std::string title = format("savepoints entered and left, %d deep", depth);
    Section section{title, {}, 0, {}};
    section.series =
        runRounds({bare.contender(depth), pooled(pool, depth), wrapped(database, depth)}, plan, title, bench.progress);
    section.targets.push_back(atLeast(section.series[1], section.series[0], kWantedRatio));
    sections.push_back(std::move(section));
  }
  return sections;
}

}  // namespace bench
