#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/migration.hpp>
#include <holdfast/statement_executor.hpp>

namespace holdfast {

/// The tables in which the database keeps what it knows of its migrations: holdfast_migration, one row for each;
/// holdfast_trial, at most one row; holdfast_undone, at most one row. They are made together.
namespace migration_ledger {

inline constexpr std::array<Sql, 3> kTables{
    Sql("CREATE TABLE IF NOT EXISTS holdfast_migration(version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
        "checksum INTEGER NOT NULL, oldest_writer INTEGER NOT NULL, oldest_reader INTEGER NOT NULL, release TEXT NOT "
        "NULL, "
        "milliseconds INTEGER NOT NULL) STRICT"),
    Sql("CREATE TABLE IF NOT EXISTS holdfast_trial(id INTEGER PRIMARY KEY CHECK (id = 1), from_version INTEGER NOT "
        "NULL, "
        "to_version INTEGER NOT NULL, backup TEXT NOT NULL, starts INTEGER NOT NULL, healthy_wanted INTEGER NOT NULL, "
        "begun INTEGER NOT NULL, healthy INTEGER NOT NULL) STRICT"),
    Sql("CREATE TABLE IF NOT EXISTS holdfast_undone(id INTEGER PRIMARY KEY CHECK (id = 1), undone INTEGER NOT NULL, "
        "restored INTEGER NOT NULL, release TEXT NOT NULL, kept TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT")};
/// With the members of an UndoneMigration in the order of its columns.
inline constexpr Sql kNoteUndone(
    "INSERT OR REPLACE INTO holdfast_undone(id, undone, restored, release, kept, checksum) "
    "VALUES (1, ?, ?, ?, ?, ?)");

/// All of it throws Error as the executor does.

bool exists(StatementExecutor& database);
/// The user's tables, too.
bool isEmpty(StatementExecutor& database);
int userVersion(StatementExecutor& database);
/// Where the tables are there. Cheaper than contractOf(applied()).
SchemaContract contract(StatementExecutor& database);
std::vector<AppliedMigration> applied(StatementExecutor& database);
/// `path`: of the database, absolute.
std::optional<TrialState> trial(StatementExecutor& database, const std::string& path);
std::optional<UndoneMigration> undone(StatementExecutor& database, const std::string& path);

// In a transaction.
void makeTables(StatementExecutor& database);
/// Enters a migration, and its version as user_version, which backups compare.
void note(StatementExecutor& database, const Migration& step, const std::string& release,
          std::chrono::milliseconds took);
void beginTrial(StatementExecutor& database, const TrialState& trial, const std::string& path);
void countStart(StatementExecutor& database);
void countHealthy(StatementExecutor& database);
/// False where there was none.
bool endTrial(StatementExecutor& database);
void forgetUndone(StatementExecutor& database);

}  // namespace migration_ledger

/// What a database has on record of its migrations.
struct MigrationRecord {
  /// `path`: of the database, absolute. Throws Error.
  MigrationRecord(StatementExecutor& database, const std::string& path);

  bool exists;
  std::vector<AppliedMigration> applied;
  SchemaContract contract;
  std::optional<TrialState> trial;
  std::optional<UndoneMigration> undone;
};

}  // namespace holdfast
