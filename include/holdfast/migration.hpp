#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/migration_report.hpp>
#include <holdfast/sql.hpp>

namespace holdfast {

class Transaction;

/// One change of the schema. docs/migrations.md goes through all of it.
///
/// It is carried out in a transaction of its own: the statements of `sql` one after the other, then `work`. Foreign keys
/// are not enforced meanwhile, as rebuilding a table needs (sqlite.org/lang_altertable.html), and are checked as a whole
/// before its COMMIT. Once a device has it, it must not be changed any more: what is to change is the next migration.
struct Migration {
  int version = 0;        ///< 1, 2, 3, ... without a gap.
  std::string name = {};  ///< For people. May be changed later.
  std::vector<Sql> sql = {};
  /// For what SQL alone cannot do. Throws what undoes the migration. Not ended or committed by itself. Its text has no
  /// checksum; it may be carried out more than once (a dry run, a power cut).
  std::function<void(Transaction&)> work = nullptr;
  /// Programs whose migrations end at this version or later can still write the database after this one. Nothing: only
  /// those that bring it themselves. 0: also programs without migrations.
  std::optional<int> oldestWriter = {};
  /// The same for reading. Nothing: as oldestWriter; never more than that.
  std::optional<int> oldestReader = {};
};

/// What undoes a migration that does harm which only the program that uses its result finds out.
///
/// A start is healthy when the database has been open for `healthyAfter`, or was closed by close(). The migrations on trial
/// are confirmed by so many healthy starts or by confirmMigration(). Where `starts` of them have ended otherwise (a crash,
/// a reset by a watchdog, an exception that nobody caught) the next open() puts the backup of before the migration in the
/// place of the database, which is kept beside it; so does the first start of an older program that may not write the
/// database as it is: its boot loader has given the new one up.
struct MigrationTrial {
  int starts = 0;         ///< That may fail. 0: no trial. At most 100.
  int healthyStarts = 1;  ///< That confirm it. 0: confirmMigration() alone does. At most 100.
  std::chrono::milliseconds healthyAfter = std::chrono::minutes{10};  ///< Housekeeping looks. At most 8760 h.
};

/// When migrations are applied.
enum class MigrateWhen : std::uint8_t {
  AtOpen,  ///< By open(), before anybody else has a handle.
  Asked,   ///< By migrate(). Until then the database is open with its old schema.
};

/// All migrations of a program, from the first to the last.
struct Migrations {
  std::vector<Migration> steps = {};
  /// The firmware that brings them, as "2.4.0" or the hash of its build: kept with each step. What was undone is not tried
  /// again by the same release, unless its text is another one by now.
  std::string release = {};
  MigrateWhen when = MigrateWhen::AtOpen;
  /// Back the database up before. A trial needs it. Not for a database that is empty. On a DevicePort there are no
  /// backups: set it to false there.
  bool backup = true;
  /// Where to; empty: beside the database, its name with ".before-migration". One generation; it stays until the next
  /// migration.
  std::string backupPath = {};
  MigrationTrial trial = {};
  /// For a database whose versions the application has counted in PRAGMA user_version until now: take what it says for the
  /// version of these steps. Otherwise a database with a user_version and without a record of migrations is refused.
  bool adoptUserVersion = false;
};

/// Migrations that have been looked at, for ConnectionConfig::migrations. Never changes; any number of pools may share it.
class Migrator {
 public:
  Migrator(const Migrator&) = delete;
  Migrator& operator=(const Migrator&) = delete;
  virtual ~Migrator() = default;

 protected:
  Migrator() = default;
};

/// Throws Error{InvalidConfig} for a gap, a version that is there twice, a step that does nothing, a limit that makes no
/// sense. A program that does not call it has nothing of migrations linked in but the look at the contract.
std::shared_ptr<const Migrator> makeMigrator(Migrations migrations);

/// How migrate() goes about it.
struct MigrateOptions {
  /// Carries everything that is pending out in one transaction, and rolls it back: what would be done, whether it can be,
  /// and how long it takes. Writes wait meanwhile. Nothing is backed up.
  bool dryRun = false;
};

}  // namespace holdfast
