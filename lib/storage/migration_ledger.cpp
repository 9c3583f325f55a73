#include "storage/migration_ledger.hpp"

#include "storage/migration_rules.hpp"

namespace holdfast::migration_ledger {
namespace {

// SQLite's integers have a sign; the bits are the same.
std::int64_t stored(std::uint64_t checksum) noexcept { return static_cast<std::int64_t>(checksum); }

int version(const Row& row, std::size_t column) { return static_cast<int>(row.get<std::int64_t>(column)); }

std::uint64_t checksum(const Row& row, std::size_t column) {
  return static_cast<std::uint64_t>(row.get<std::int64_t>(column));
}

}  // namespace

bool exists(StatementExecutor& database) {
  return database.queryValue<int>("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'holdfast_migration'")
      .has_value();
}

bool isEmpty(StatementExecutor& database) {
  return database.queryValue<int>("SELECT 1 FROM sqlite_schema LIMIT 1") == std::nullopt;
}

int userVersion(StatementExecutor& database) {
  return static_cast<int>(database.queryValue<std::int64_t>("PRAGMA user_version").value_or(0));
}

SchemaContract contract(StatementExecutor& database) {
  SchemaContract found;
  database.forEach("SELECT max(version), max(oldest_writer), max(oldest_reader) FROM holdfast_migration",
                   [&found](const RowView& row) {
                     const auto at = [&row](std::size_t column) {
                       return static_cast<int>(row.get<std::optional<std::int64_t>>(column).value_or(0));
                     };
                     found = {at(0), at(1), at(2)};
                   });
  return found;
}

std::vector<AppliedMigration> applied(StatementExecutor& database) {
  std::vector<AppliedMigration> steps;
  for (const Row& row :
       database.query("SELECT version, name, checksum, oldest_writer, oldest_reader, release, milliseconds "
                      "FROM holdfast_migration ORDER BY version")) {
    steps.push_back({version(row, 0), row.get<std::string>(1), checksum(row, 2), version(row, 3), version(row, 4),
                     row.get<std::string>(5), std::chrono::milliseconds(row.get<std::int64_t>(6))});
  }
  return steps;
}

std::optional<TrialState> trial(StatementExecutor& database, const std::string& path) {
  const std::optional<Row> row = database.queryOne(
      "SELECT from_version, to_version, backup, starts, healthy_wanted, begun, healthy FROM holdfast_trial");
  if (!row) return std::nullopt;
  return TrialState{version(*row, 0), version(*row, 1), pathOfRecorded(row->get<std::string>(2), path),
                    version(*row, 3), version(*row, 4), version(*row, 5),
                    version(*row, 6)};
}

std::optional<UndoneMigration> undone(StatementExecutor& database, const std::string& path) {
  const std::optional<Row> row =
      database.queryOne("SELECT undone, restored, release, kept, checksum FROM holdfast_undone");
  if (!row) return std::nullopt;
  return UndoneMigration{version(*row, 0), version(*row, 1), row->get<std::string>(2),
                         pathOfRecorded(row->get<std::string>(3), path), checksum(*row, 4)};
}

void makeTables(StatementExecutor& database) {
  for (const Sql& table : kTables) database.run(table);
}

void note(StatementExecutor& database, const Migration& step, const std::string& release,
          std::chrono::milliseconds took) {
  database.run(
      "INSERT INTO holdfast_migration(version, name, checksum, oldest_writer, oldest_reader, release, milliseconds) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      step.version, step.name, stored(checksumOf(step)), oldestWriterOf(step), oldestReaderOf(step), release,
      static_cast<std::int64_t>(took.count()));
  database.run(Sql::unchecked("PRAGMA user_version=" + std::to_string(step.version)));
}

void beginTrial(StatementExecutor& database, const TrialState& trial, const std::string& path) {
  database.run(
      "INSERT OR REPLACE INTO holdfast_trial(id, from_version, to_version, backup, starts, healthy_wanted, begun, "
      "healthy) "
      "VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
      trial.from, trial.to, recordedName(trial.backup, path), trial.starts, trial.healthyWanted, trial.begun,
      trial.healthy);
}

void countStart(StatementExecutor& database) { database.run("UPDATE holdfast_trial SET begun = begun + 1"); }

void countHealthy(StatementExecutor& database) { database.run("UPDATE holdfast_trial SET healthy = healthy + 1"); }

bool endTrial(StatementExecutor& database) { return database.run("DELETE FROM holdfast_trial").changes > 0; }

void forgetUndone(StatementExecutor& database) { database.run("DELETE FROM holdfast_undone"); }

}  // namespace holdfast::migration_ledger

namespace holdfast {

MigrationRecord::MigrationRecord(StatementExecutor& database, const std::string& path)
    : exists(migration_ledger::exists(database)) {
  if (!exists) return;
  applied = migration_ledger::applied(database);
  contract = contractOf(applied);
  trial = migration_ledger::trial(database, path);
  undone = migration_ledger::undone(database, path);
}

}  // namespace holdfast
