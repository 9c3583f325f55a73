#include "bench_transactions/reading_side.hpp"

#include <holdfast/connection_pool.hpp>

#include "support/table_of_values.hpp"

namespace bench {

namespace {

constexpr char kUpdateValue[] = "UPDATE t SET value = value + 1 WHERE id = ?";
constexpr int kCommitsInLog = 5;

template <typename Config>
concept HasReadAnchor = requires(Config config) { config.readAnchor = true; };

template <typename Config>
void setReadAnchor(Config& config, bool on) {
  if constexpr (HasReadAnchor<Config>) config.readAnchor = on;
}

BareSettings updaterSettings(std::int64_t rows) {
  BareSettings settings = bareSettings(rows);
  settings.syncCommits = false;
  return settings;
}

class BareSide final : public ReadingSide {
 public:
  explicit BareSide(const ReadingPlan& plan)
      : plan_(plan), updater_(plan.path, updaterSettings(plan.rows)), readers_(plan.threads) {
    for (int i = 0; i < kCommitsInLog; ++i) update(1);
  }

  std::int64_t read(std::size_t thread, std::int64_t id) override {
    std::unique_ptr<BareReader>& reader = readers_[thread];
    // Opened by the thread that uses it, as a pool's handles are.
    if (reader == nullptr) reader = std::make_unique<BareReader>(plan_.path, plan_.rows);
    return reader->read(id);
  }
  void update(std::int64_t id) override {
    sqlite3_bind_int64(update_.get(), 1, id);
    step(begin_);
    step(update_);
    step(commit_);
  }

 private:
  static void step(const BareStatement& statement) {
    if (sqlite3_step(statement.get()) != SQLITE_DONE) throwBareError(statement.get());
    sqlite3_reset(statement.get());
  }

  const ReadingPlan plan_;
  BareHandle updater_;
  BareStatement begin_{updater_, "BEGIN IMMEDIATE"};
  BareStatement update_{updater_, kUpdateValue};
  BareStatement commit_{updater_, "COMMIT"};
  std::vector<std::unique_ptr<BareReader>> readers_;
};

class PoolSide final : public ReadingSide {
 public:
  PoolSide(const ReadingPlan& plan, std::optional<bool> readAnchor) : pool_(config(plan, readAnchor)) {
    for (int i = 0; i < kCommitsInLog; ++i) update(1);
  }

  std::int64_t read(std::size_t, std::int64_t id) override { return *pool_.queryValue<std::int64_t>(kReadValue, id); }
  void update(std::int64_t id) override {
    pool_.transaction([id](holdfast::Transaction& tx) { tx.run(kUpdateValue, id); });
  }

 private:
  static holdfast::ConnectionConfig config(const ReadingPlan& plan, std::optional<bool> readAnchor) {
    holdfast::ConnectionConfig config = poolConfig(plan.path, plan.rows);
    config.poolSize = plan.threads + 1;
    config.durability = holdfast::Durability::Normal;
    if (readAnchor) setReadAnchor(config, *readAnchor);
    return config;
  }

  holdfast::ConnectionPool pool_;
};

}  // namespace

std::unique_ptr<ReadingSide> bareSide(const ReadingPlan& plan) {
  makeTable(plan.path, plan.rows);
  return std::make_unique<BareSide>(plan);
}

std::unique_ptr<ReadingSide> poolSide(const ReadingPlan& plan, std::optional<bool> readAnchor) {
  makeTable(plan.path, plan.rows);
  return std::make_unique<PoolSide>(plan, readAnchor);
}

bool hasReadAnchor() noexcept { return HasReadAnchor<holdfast::ConnectionConfig>; }

}  // namespace bench
