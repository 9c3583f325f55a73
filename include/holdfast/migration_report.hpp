#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

/// What programs may do with a database, as the migrations say that made it what it is. Kept in the database, so that a
/// program from before them finds it there.
struct SchemaContract {
  int version = 0;       ///< Of the last migration. 0: there was none.
  int oldestWriter = 0;  ///< Programs whose own migrations end before this version must not write, ...
  int oldestReader = 0;  ///< ... and those before this one not even read.
};

/// What this program may do with the database.
enum class SchemaAccess : std::uint8_t { ReadWrite, ReadOnly, Refused };

std::string_view toText(SchemaAccess access) noexcept;

/// A migration as the database has it on record.
struct AppliedMigration {
  int version = 0;
  std::string name;
  std::uint64_t checksum = 0;  ///< Of its text.
  int oldestWriter = 0;
  int oldestReader = 0;
  std::string release;  ///< Which program brought it (Migrations::release).
  std::chrono::milliseconds took{0};
};

/// A migration that has to prove itself (MigrationTrial).
struct TrialState {
  int from = 0;           ///< The version that its backup holds, ...
  int to = 0;             ///< ... and the one that is on trial.
  std::string backup;     ///< Absolute path.
  int starts = 0;         ///< So many may fail.
  int healthyWanted = 0;  ///< So many healthy ones confirm it; 0: none does.
  int begun = 0;          ///< Starts so far, this one included, ...
  int healthy = 0;        ///< ... and how many of them have been healthy.
};

/// A migration that did not prove itself, and was undone.
struct UndoneMigration {
  int undone = 0;       ///< The version that was given up, ...
  int restored = 0;     ///< ... and the one that the backup held.
  std::string release;  ///< Which program had brought it.
  /// Where the replaced database is kept, its log beside it with "-wal": what was written since the migration is in it.
  /// Never deleted: remove it when nobody needs it.
  std::string kept;
  std::uint64_t checksum = 0;  ///< Of what was undone.
};

/// One step of a migrate() or an open().
struct MigratedStep {
  int version = 0;
  std::string name;
  std::chrono::nanoseconds took{0};
};

/// What open() or migrate() did about the schema.
struct MigrationReport {
  int from = 0;  ///< The version before, ...
  int to = 0;    ///< ... and after it.
  SchemaAccess access = SchemaAccess::ReadWrite;
  std::vector<MigratedStep> steps;  ///< What was applied; of a dry run, what would be.
  bool dryRun = false;              ///< All of it was rolled back.
  std::string backup;               ///< The one made before it; empty where none was.
  std::optional<TrialState> trial;  ///< Where one is going on.
  /// What was undone last, by this start or an earlier one, until a migration succeeds.
  std::optional<UndoneMigration> undone;
  bool undoneNow = false;  ///< It was this start.
  std::chrono::nanoseconds took{0};
};

/// What a database and the migrations of its program have to do with each other.
struct MigrationStatus {
  SchemaContract contract;
  int programVersion = 0;  ///< Of the last migration that the program brings.
  SchemaAccess access = SchemaAccess::ReadWrite;
  std::vector<AppliedMigration> applied;
  std::vector<int> pending;  ///< Versions that the program brings and the database has not.
  std::optional<TrialState> trial;
  std::optional<UndoneMigration> undone;
};

}  // namespace holdfast
