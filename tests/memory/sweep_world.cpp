#include "memory/sweep_world.hpp"

#include <chrono>
#include <exception>
#include <filesystem>
#include <system_error>

#include "support/raw_sqlite.hpp"

using namespace std::chrono_literals;

namespace holdfast::test {
namespace {

class NoLogger final : public Logger {
 public:
  void log(LogLevel, std::string_view, std::string_view) noexcept override {}
};

void removeDatabase(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm", "-new", "-new-wal", "-new-shm", ".before-migration"}) {
    std::filesystem::remove(path + suffix, ignored);
  }
}

}  // namespace

void World::makeTemplate(const std::string& path) {
  RawSqlite file(path);
  file.run("PRAGMA journal_mode=WAL");
  file.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, body TEXT, amount REAL)");
  file.run(
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < " + std::to_string(kRows) +
      ") INSERT INTO item(name, body, amount) SELECT 'old ' || i, printf('%0*d', 2500, i * 7919 % 1000), i FROM n");
}

World::World(const std::string& templatePath, std::string path) {
  removeDatabase(path);
  std::filesystem::copy_file(templatePath, path);
  config.database = std::move(path);
  config.poolSize = 2;
  config.housekeeping = HousekeepingMode::Manual;
  config.clock = clock;
  config.logger = std::make_shared<NoLogger>();
  config.durability = Durability::Normal;
  config.acquireTimeout = 1s;
  config.cacheSize = 16 * KiB;
}

World::~World() {
  lease.reset();
  observation.reset();
  if (pool.isOpen()) pool.close();
  removeDatabase(config.database);
}

World::Claim& World::newClaim(const char* name, int rows) {
  Claim& claim = claims_.at(claimCount_++);
  claim.name = name;
  claim.rows = rows;
  return claim;
}

void World::settle(Claim& claim) {
  if (!claim.future) return;
  Future<RunResult> future = std::move(*claim.future);
  claim.future.reset();
  try {
    future.get();
    claim.fate = Fate::Acknowledged;
  } catch (const Error& error) {
    claim.fate = error.code() == ErrorCode::OutcomeUnknown ? Fate::Unknown : Fate::Refused;
    throw;
  } catch (...) {
    claim.fate = Fate::Refused;
    throw;
  }
}

void World::await() {
  for (Claim& claim : claims_) settle(claim);
}

std::string World::check() {
  lease.reset();
  std::string problem;
  try {
    if (pool.isOpen()) pool.flush();
    for (Claim& claim : claims_) {
      try {
        settle(claim);
      } catch (const std::exception&) {  // As it says.
      }
    }
    if (pool.isOpen()) problem = checkPool();
    if (!pool.isOpen()) open();
    if (problem.empty()) problem = checkFile();
  } catch (const std::exception& failure) {
    problem += std::string("; afterwards: ") + failure.what();
  }
  return problem;
}

std::string World::checkPool() {
  if (!pool.leases().empty()) return "a lease is still out";
  if (pool.metrics().activeConnections != 0) return "a slot is lost";
  try {
    pool.run("INSERT INTO item(name) VALUES ('after 1')");
    pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES (?)", "after 2"); });
    const auto seen = pool.queryValue<int>("SELECT count(*) FROM item WHERE name LIKE 'after %'").value_or(-1);
    if (seen != 2) return "the next read sees " + std::to_string(seen) + " of 2 rows";
    pool.run("DELETE FROM item WHERE name LIKE 'after %'");
  } catch (const std::exception& failure) {
    return std::string("the next operation fails: ") + failure.what();
  }
  return {};
}

std::string World::checkFile() const {
  RawSqlite file(config.database);
  for (const Claim& claim : claims_) {
    if (claim.fate == Fate::Untried) continue;
    const auto found = file.integer("SELECT count(*) FROM item WHERE name LIKE '" + std::string(claim.name) + "%'");
    const bool all = found == claim.rows;
    const bool none = found == 0;
    const bool right = claim.fate == Fate::Acknowledged ? all : claim.fate == Fate::Refused ? none : all || none;
    if (right) continue;
    const char* said = claim.fate == Fate::Acknowledged ? "acknowledged" : "refused";
    return std::string(claim.name) + " was " + (claim.fate == Fate::Unknown ? "unknown" : said) + ", and " +
           std::to_string(found) + " of " + std::to_string(claim.rows) + " rows are there";
  }
  if (file.integer("SELECT count(*) FROM item WHERE name LIKE 'old %'") != kRows) return "old rows are lost";
  const std::string sound = file.text("PRAGMA integrity_check");
  return sound == "ok" ? std::string() : sound;
}

}  // namespace holdfast::test
