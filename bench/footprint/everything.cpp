// All of it, as on a device: linked statically it is the whole program.
#include <holdfast/holdfast.hpp>
#include <nlohmann/json.hpp>

#include "feature.hpp"
#include "reading.hpp"

namespace {

bool useRepositories(holdfast::ConnectionManager& db) {
  using namespace holdfast;
  BaseRepository<Reading> readings(db, {.cacheEnabled = true});
  readings.createTable();
  const Reading made = readings.create({.sensor = "boiler", .value = 78.2});
  readings.update(made.id, {set(&Reading::value, 81.0)});
  const bool found = !readings.findMany({.where = field(&Reading::value) > 80.0, .limit = 10}).empty();
  db.run("CREATE TABLE IF NOT EXISTS item(id INTEGER PRIMARY KEY, name TEXT)");
  JsonRepository items(db, "item");
  const nlohmann::json item = items.create({{"name", "boiler"}});
  return readings.findById(made.id) && found && readings.remove(made.id) && items.findById(item.at("id")) &&
         !QueryBuilder(db).from("t").where("x", Operator::Greater, 1).orderBy("x").fetch().empty();
}

bool workBesides([[maybe_unused]] holdfast::ConnectionManager& db) {
#if HOLDFAST_ASYNC
  auto posted = db.post("INSERT INTO t VALUES (?)", 1);
  auto called = db.async([](holdfast::ReadTransaction& tx) { return tx.queryValue<int>("SELECT count(*) FROM t"); });
  db.flush();
  return posted.get().changes == 1 && called.get();
#else
  return true;
#endif
}

}  // namespace

bool useFeature(holdfast::ConnectionManager& db) {
  using namespace holdfast;
  const ConnectionConfig config = ConnectionConfig::fromText(R"({"database": "other.db", "memoryLimit": "4MiB"})");
  return workBesides(db) && config.memoryLimit == 4 * MiB && memoryArena().bytes > 0 &&
         !toJson(db.metrics()).dump().empty() && useRepositories(db);
}

int main(int count, char** arguments) {
  holdfast::configureMemory({.bytes = 2 * holdfast::MiB});
  return runFootprint(count, arguments);
}
