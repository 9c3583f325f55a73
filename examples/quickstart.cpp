// Opens a database, writes, undoes a part of a transaction, reads, handles an error, closes.
#include <cstdio>
#include <string>

#include <holdfast/holdfast.hpp>

using namespace holdfast;

int main() try {
  ConnectionConfig config;
  config.database = "quickstart.db";
  config.memoryLimit = 4 * MiB;  // For all of SQLite in this process.

  ConnectionManager& db = ConnectionManager::instance();
  db.open(config);
  db.run("CREATE TABLE IF NOT EXISTS reading(id INTEGER PRIMARY KEY, sensor TEXT NOT NULL, value REAL) STRICT");
  db.run("DELETE FROM reading");

  db.transaction([](Transaction& tx) {  // Durable when it returns; rolled back if the callback throws.
    tx.run("INSERT INTO reading(sensor, value) VALUES (?, ?)", "boiler", 78.2);
    try {
      tx.transaction([](Transaction& nested) {  // A savepoint: only this part is undone.
        nested.run("INSERT INTO reading(sensor, value) VALUES (?, ?)", "attic", 11.5);
        nested.run("INSERT INTO reading(sensor, value) VALUES (?, ?)", nullptr, 0.0);
      });
    } catch (const Error& error) {
      std::printf("undone: %s\n", error.what());
      if (error.code() != ErrorCode::Constraint) throw;
    }
    tx.run("INSERT INTO reading(sensor, value) VALUES (?, ?)", "cellar", 14.0);
  });

  for (const Row& row : db.query("SELECT sensor, value FROM reading WHERE value > ? ORDER BY id", 10.0)) {
    std::printf("%s: %.1f\n", row.get<std::string>("sensor").c_str(), row.get<double>("value"));
  }
  const auto count = db.queryValue<int>("SELECT count(*) FROM reading");
  db.close();
  return count == 2 ? 0 : 1;  // boiler and cellar
} catch (const Error& error) {
  std::fprintf(stderr, "%s\nwhat helps: %s\n", error.what(), std::string(toText(error.recovery())).c_str());
  return 1;
}
