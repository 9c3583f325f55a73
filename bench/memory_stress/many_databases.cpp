#include <vector>

#include "memory_stress/scenarios.hpp"
#include "support/random.hpp"
#include "support/scratch_directory.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

using holdfast::ConnectionPool;

constexpr std::int64_t kRows = 500;  // Of 1 KiB, in each database.

/// A pool each, all within one budget.
class Databases {
 public:
  explicit Databases(const Options& options) : options_(options), directory_(options.directory, "memory_stress") {
    for (std::size_t i = 0; i < options.handles; ++i) {
      pools_.push_back(std::make_unique<ConnectionPool>(configOf(i)));
      fill(*pools_.back());
    }
  }

  ConnectionPool& any(Random& random) {
    return *pools_[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(pools_.size())))];
  }
  /// Opens one more, uses and closes it: each time the shares of all change.
  void comeAndGo() {
    ConnectionPool pool(configOf(pools_.size()));
    if (!visited_) fill(pool);
    visited_ = true;
    pool.queryValue<std::int64_t>("SELECT count(*) FROM item");
    pool.close();
  }
  void closeAll() {
    for (const auto& pool : pools_) pool->close();
  }

 private:
  holdfast::ConnectionConfig configOf(std::size_t number) const {
    return stressConfig(format("%s/%zu.db", directory_.path().c_str(), number), 1, options_.limit);
  }
  static void fill(ConnectionPool& pool) {
    pool.run("CREATE TABLE item (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, payload BLOB NOT NULL)");
    pool.transaction([](holdfast::Transaction& tx) {
      const std::vector<std::byte> payload(kPayloadBytes);
      for (std::int64_t id = 1; id <= kRows; ++id) tx.run("INSERT INTO item VALUES (?, 0, ?)", id, payload);
    });
  }

  const Options& options_;
  ScratchDirectory directory_;
  std::vector<std::unique_ptr<ConnectionPool>> pools_;
  bool visited_ = false;
};

class DatabasesStep {
 public:
  DatabasesStep(std::shared_ptr<Databases> databases, Worker& worker, std::uint64_t seed)
      : databases_(std::move(databases)), worker_(&worker), random_(seed) {}

  void operator()() {
    ConnectionPool& pool = databases_->any(random_);
    const std::int64_t id = 1 + random_.below(kRows);
    const std::int64_t choice = random_.below(10);
    if (choice == 0) {
      // Of another database than the one whose writes are counted in the end.
      worker_->attempt(Kind::Lease, [&] { pool.run("UPDATE item SET version = version + 1 WHERE id = ?", id); });
    } else if (choice == 1) {
      worker_->attempt(Kind::RangeScan, [&] { pool.forEach("SELECT * FROM item", [](const holdfast::RowView&) {}); });
    } else {
      worker_->attempt(Kind::Read, [&] { pool.queryValue<std::int64_t>("SELECT version FROM item WHERE id = ?", id); });
    }
  }

 private:
  std::shared_ptr<Databases> databases_;
  Worker* worker_;
  Random random_;
};

}  // namespace

Scenario manyDatabases(const Setting& setting) {
  Scenario scenario;
  auto databases = std::make_shared<Databases>(setting.options);
  auto load = [databases, seed = setting.options.seed](Worker& worker, std::size_t number) -> Step {
    return DatabasesStep(databases, worker, seed + number);
  };
  auto visitor = [databases](Worker& worker, std::size_t) -> Step {
    return [databases, &worker] { worker.attempt(Kind::Cycle, [&] { databases->comeAndGo(); }); };
  };
  scenario.roles = {{setting.options.threads, load}, {1, visitor}};
  scenario.finish = [databases](const Tally&) -> std::vector<Verdict> {
    databases->closeAll();
    return {};
  };
  return scenario;
}

}  // namespace bench
