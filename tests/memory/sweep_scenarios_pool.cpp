// Opening, reading, looking after itself and closing, for the sweep.

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "memory/sweep.hpp"

using namespace std::chrono_literals;

namespace holdfast::test {
namespace {

void nothing(World&) {}
void opened(World& world) { world.open(); }
/// Both handles are open, and their statements warm.
void warm(World& world) {
  world.open();
  world.pool.query("SELECT 1");
}

constexpr const char* kConfig =
    R"({"database":"x.db","poolSize":3,"busyTimeout":"250ms","memoryLimit":"4MiB","durability":"normal",)"
    R"("retry":{"maxRetries":2,"maxDelay":"5ms"}})";

void openAnother(World& world) {
  ConnectionConfig config = world.config;
  config.database += "-new";
  ConnectionPool pool;
  pool.open(config);
  pool.run("CREATE TABLE reading(id INTEGER PRIMARY KEY, value REAL)");
}

void readByCursor(World& world) {
  RowCursor cursor = world.pool.cursor("SELECT id, body FROM item WHERE id > 5");
  while (const RowView* row = cursor.next()) row->get<std::string>(1);
}

void scanAndSort(World& world) {
  std::int64_t rows = 0;
  world.pool.forEach("SELECT a.body || b.id FROM item a, item b WHERE b.id < 4 ORDER BY 1 DESC",
                     [&rows](const RowView&) { return ++rows < 1000; });
  if (rows != World::kRows * 3) throw Error(ErrorCode::Internal, "rows are missing");
}

void bringMigrations(World& world, MigrateWhen when) {
  Migrations list;
  list.steps = {{.version = 1, .name = "more", .sql = {"CREATE TABLE more(id INTEGER PRIMARY KEY, item INTEGER)"}},
                {.version = 2,
                 .name = "filled",
                 .sql = {"INSERT INTO more(item) SELECT id FROM item WHERE id < 9"},
                 .work = [](Transaction& tx) { tx.run("CREATE INDEX by_item ON more(item)"); }}};
  list.when = when;
  list.trial.starts = 2;
  world.config.migrations = makeMigrator(std::move(list));
}

constexpr Scenario kScenarios[] = {
    {"open", nothing, opened},
    {"open a new database", nothing, openAnother},
    {"open with migrations", [](World& world) { bringMigrations(world, MigrateWhen::AtOpen); }, opened},
    {"migrations when asked",
     [](World& world) {
       bringMigrations(world, MigrateWhen::Asked);
       world.open();
     },
     [](World& world) {
       world.pool.migrate({.dryRun = true});
       world.pool.migrate();
       world.pool.migrationStatus();
       world.pool.confirmMigration();
     }},
    {"configuration from JSON", nothing, [](World&) { ConnectionConfig::fromText(kConfig).validate(); }},
    {"point read", opened,
     [](World& world) { world.pool.queryValue<std::string>("SELECT name FROM item WHERE id = ?", 7); }},
    {"read of rows", warm, [](World& world) { world.pool.query("SELECT * FROM item WHERE id < ?", 9); }},
    {"scan with a sort", warm, scanAndSort},
    {"cursor", warm, readByCursor},
    {"read transaction", warm,
     [](World& world) {
       world.pool.read([](ReadTransaction& tx) {
         tx.query("SELECT id FROM item");
         tx.queryValue<int>("SELECT count(*) FROM item");
       });
     }},
    {"checkpoint",
     [](World& world) {
       warm(world);
       world.pool.run("UPDATE item SET amount = 2");
     },
     [](World& world) { world.pool.checkpoint(); }},
    {"tick of an aged pool",
     [](World& world) {
       warm(world);
       world.clock->advance(2h);
     },
     [](World& world) { world.pool.tick(); }},
    {"lease of an aged pool",
     [](World& world) {
       warm(world);
       world.clock->advance(2h);
     },
     [](World& world) { world.pool.query("SELECT 1"); }},
    {"lease to verify",
     [](World& world) {
       warm(world);
       world.clock->advance(10min);
     },
     [](World& world) {
       world.pool.query("SELECT 1");
       world.pool.acquire();
     }},
    {"health check", warm, [](World& world) { world.pool.checkHealth(); }},
    {"metrics and leases", warm,
     [](World& world) {
       world.lease.emplace(world.pool.acquire());
       world.pool.leases();
       world.pool.metrics();
       world.lease.reset();
     }},
    {"discarded handle", warm,
     [](World& world) {
       world.pool.acquire().discard();
       world.pool.acquire(Access::Read).discard();
     }},
    {"state to undo", warm,
     [](World& world) {
       const PooledConnection lease = world.pool.acquire();
       lease->run("PRAGMA cache_size=-77");
       lease->run("CREATE TEMP TABLE scratch(x)");
     }},
    {"forced lease", warm,
     [](World& world) {
       world.lease.emplace(world.pool.acquire(Access::Read));
       world.pool.forceCleanup(world.pool.leases().at(0).leaseId);
       world.lease.reset();
     }},
    {"close",
     [](World& world) {
       warm(world);
       world.pool.run("UPDATE item SET amount = 3");
     },
     [](World& world) { world.pool.close(); }},
};

}  // namespace

std::span<const Scenario> poolScenarios() { return kScenarios; }

}  // namespace holdfast::test
