#include <array>

#include <holdfast/holdfast.hpp>

#include "memory_stress/scenarios.hpp"
#include "support/random.hpp"

namespace bench {

/// A row of the load's table, without its payload: SQLite has it in its own caches.
struct Record {
  std::int64_t id{};
  std::int64_t device{};
  std::int64_t value{};
  std::int64_t version{};
  std::string name{};
};

}  // namespace bench

template <>
struct holdfast::Mapping<bench::Record> {
  static constexpr auto table =
      holdfast::table<bench::Record>("record", primaryKey("id", &bench::Record::id),
                                     column("device", &bench::Record::device), column("value", &bench::Record::value),
                                     column("version", &bench::Record::version), column("name", &bench::Record::name));
};

namespace bench {

namespace {

using holdfast::BaseRepository;
using holdfast::ConnectionPool;
using holdfast::field;

constexpr std::size_t kRepositories = 4;
constexpr std::int64_t kKeys = 20'000;  // Read by all threads: more than the caches hold.

using Repositories = std::array<std::unique_ptr<BaseRepository<Record>>, kRepositories>;

class CacheStep {
 public:
  CacheStep(std::shared_ptr<ConnectionPool> pool, std::shared_ptr<Repositories> repositories, Worker& worker,
            std::int64_t rows, std::uint64_t seed)
      : pool_(std::move(pool)), repositories_(std::move(repositories)), worker_(&worker), rows_(rows), random_(seed) {}

  void operator()() {
    const BaseRepository<Record>& repository =
        *(*repositories_)[static_cast<std::size_t>(random_.below(kRepositories))];
    const std::int64_t id = 1 + random_.below(std::min(rows_, kKeys));
    const std::int64_t choice = random_.below(2000);
    if (choice == 0) {  // Everything that the caches hold is out of date then.
      worker_->attempt(Kind::Update, [&] { pool_->run("UPDATE record SET version = version + 1 WHERE id = ?", id); });
    } else if (choice < 200) {
      readList(repository, id);
    } else {
      readOne(repository, id);
    }
  }

 private:
  void readOne(const BaseRepository<Record>& repository, std::int64_t id) {
    bool found = false;
    const bool done = worker_->attempt(Kind::CachedRead, [&] {
      const std::optional<Record> record = repository.findById(id);
      found = record && record->id == id;
    });
    if (done && !found) worker_->fail("a repository did not find a row that is there");
  }
  void readList(const BaseRepository<Record>& repository, std::int64_t id) {
    const std::int64_t last = std::min(rows_, id + 49);
    std::size_t found = 0;
    const bool done = worker_->attempt(
        Kind::CachedList, [&] { found = repository.findMany({.where = field(&Record::id).between(id, last)}).size(); });
    if (done && found != static_cast<std::size_t>(last - id + 1)) worker_->fail("a repository's list has a wrong size");
  }

  std::shared_ptr<ConnectionPool> pool_;
  std::shared_ptr<Repositories> repositories_;
  Worker* worker_;
  std::int64_t rows_;
  Random random_;
};

}  // namespace

Scenario cacheStorm(const Setting& setting) {
  Scenario scenario;
  scenario.pool = std::make_shared<ConnectionPool>(stressConfig(setting.options));
  auto repositories = std::make_shared<Repositories>();
  for (auto& repository : *repositories) {
    repository = std::make_unique<BaseRepository<Record>>(
        *scenario.pool, holdfast::RepositoryOptions{.cacheEnabled = true, .cacheMaxEntries = 100'000});
  }
  auto make = [pool = scenario.pool, repositories, rows = setting.database.rows, seed = setting.options.seed](
                  Worker& worker, std::size_t number) -> Step {
    return CacheStep(pool, repositories, worker, rows, seed + number);
  };
  scenario.roles = {{setting.options.threads, make}};
  return scenario;
}

}  // namespace bench
