#include <holdfast/connection_pool.hpp>
#include <holdfast/repository.hpp>

#include "bench_repository/layer.hpp"
#include "bench_repository/readings.hpp"

namespace bench {

namespace {

using holdfast::ascending;
using holdfast::field;
using holdfast::set;

class HoldfastLayer final : public Layer {
 public:
  HoldfastLayer(const Place& place, const holdfast::RepositoryOptions& options)
      : pool_(config(place)), readings_(pool_, options) {}

  std::optional<Reading> findById(std::int64_t id) override { return readings_.findById(id); }
  std::vector<Reading> findMany(std::int64_t firstId, std::int64_t count) override {
    return readings_.findMany(
        {.where = field(&Reading::id) >= firstId, .orderBy = {ascending(&Reading::id)}, .limit = count});
  }
  void createMany(std::vector<Reading>& readings) override { readings = readings_.createMany(std::move(readings)); }
  std::optional<Reading> update(std::int64_t id, double value) override {
    return readings_.update(id, {set(&Reading::value, value)});
  }
  bool remove(std::int64_t id) override { return readings_.remove(id); }
  void execute(const char* sql) override { pool_.run(holdfast::Sql::unchecked(sql)); }

 private:
  static holdfast::ConnectionConfig config(const Place& place) {
    holdfast::ConnectionConfig config;
    config.database = place.path;
    config.cacheSize = kCacheBytes;
    config.memoryLimit = 0;
    config.durability = place.syncCommits ? holdfast::Durability::Full : holdfast::Durability::Normal;
    return config;
  }

  holdfast::ConnectionPool pool_;
  holdfast::BaseRepository<Reading> readings_;
};

}  // namespace

std::unique_ptr<Layer> openHoldfast(const Place& place) {
  return std::make_unique<HoldfastLayer>(place, holdfast::RepositoryOptions{});
}

std::unique_ptr<Layer> openHoldfastCached(const Place& place) {
  return std::make_unique<HoldfastLayer>(place, holdfast::RepositoryOptions{.cacheEnabled = true});
}

}  // namespace bench
