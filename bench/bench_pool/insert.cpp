#include <memory>

#include <holdfast/connection_pool.hpp>

#include "bench_pool/section.hpp"
#include "support/table_of_values.hpp"

namespace bench {

namespace {

using holdfast::ConnectionPool;
using holdfast::Durability;

/// A log that still grows costs a sync twice what one does that is written over. It stops growing with the first
/// checkpoint, so each side makes that many commits before it is measured.
constexpr int kGrowingInserts = 2000;

/// Inserts by hand, each its own transaction.
class BareWriter {
 public:
  BareWriter(const std::string& path, bool sync) : handle_(path, settings(sync)) {}

  void insert(std::int64_t value) {
    sqlite3_bind_int64(insert_.get(), 1, value);
    step(insert_);
  }
  void insertInTransaction(std::int64_t value) {
    step(begin_);
    insert(value);
    step(commit_);
  }
  /// See kGrowingInserts.
  void growLog(bool sync) {
    handle_.execute("PRAGMA synchronous = OFF");
    for (int i = 0; i < kGrowingInserts; ++i) insert(i);
    if (sync) handle_.execute("PRAGMA synchronous = FULL");
    if (!sync) handle_.execute("PRAGMA synchronous = NORMAL");
  }

 private:
  static BareSettings settings(bool sync) {
    BareSettings settings = bareSettings(0);
    settings.syncCommits = sync;
    return settings;
  }
  static void step(const BareStatement& statement) {
    if (sqlite3_step(statement.get()) != SQLITE_DONE) throwBareError(statement.get());
    sqlite3_reset(statement.get());
  }

  BareHandle handle_;
  BareStatement insert_{handle_, kInsertValue};
  BareStatement begin_{handle_, "BEGIN IMMEDIATE"};
  BareStatement commit_{handle_, "COMMIT"};
};

template <typename F>
Contender contender(std::string name, F insertOne) {
  return {std::move(name), [insertOne, value = std::int64_t{0}](std::chrono::nanoseconds duration) mutable {
            return repeat(duration, 1, [&] { insertOne(++value); });
          }};
}

std::string emptyTable(const Bench& bench, const std::string& name) {
  const std::string path = bench.directory + "/" + name + ".db";
  makeTable(path, 0);
  return path;
}

std::shared_ptr<ConnectionPool> openPool(const std::string& path, Durability durability) {
  holdfast::ConnectionConfig config = poolConfig(path, 0);
  config.durability = durability;
  auto pool = std::make_shared<ConnectionPool>(config);
  holdfast::TransactionOptions unsafe;
  unsafe.durability = Durability::Off;
  for (int i = 0; i < kGrowingInserts; ++i) {
    pool->transaction([i](holdfast::Transaction& tx) { tx.run(kInsertValue, i); }, unsafe);
  }
  return pool;
}

Section measureDurability(const Bench& bench, Durability durability, const std::string& title) {
  const bool sync = durability == Durability::Full;
  const std::string label = sync ? "full" : "normal";
  auto bare = std::make_shared<BareWriter>(emptyTable(bench, label + "_bare"), sync);
  auto bareExplicit = std::make_shared<BareWriter>(emptyTable(bench, label + "_bare_begin"), sync);
  bare->growLog(sync);
  bareExplicit->growLog(sync);
  auto run = openPool(emptyTable(bench, label + "_run"), durability);
  auto transaction = openPool(emptyTable(bench, label + "_transaction"), durability);
  Section section{title, {}, 0, {}};
  section.series = runRounds(
      {contender("bare handle", [bare](std::int64_t value) { bare->insert(value); }),
       contender("pool.run", [run](std::int64_t value) { run->run(kInsertValue, value); }),
       contender("bare, BEGIN IMMEDIATE and COMMIT",
                 [bareExplicit](std::int64_t value) { bareExplicit->insertInTransaction(value); }),
       contender("pool.transaction",
                 [transaction](std::int64_t value) {
                   transaction->transaction([value](holdfast::Transaction& tx) { tx.run(kInsertValue, value); });
                 })},
      bench.options.plan, title, bench.progress);
  return section;
}

}  // namespace

std::vector<Section> measureInsert(const Bench& bench) {
  return {measureDurability(bench, Durability::Full, "single-row insert, synced, one thread"),
          measureDurability(bench, Durability::Normal, "single-row insert, without a sync, one thread")};
}

}  // namespace bench
