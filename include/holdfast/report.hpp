#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/json_fwd.hpp>

#include <holdfast/connection.hpp>
#include <holdfast/memory_stage.hpp>
#include <holdfast/migration_report.hpp>
#include <holdfast/place.hpp>
#include <holdfast/recovery.hpp>
#include <holdfast/storage_state.hpp>

namespace holdfast {

/// What open() found and chose.
struct OpenReport {
  /// Absolute path of the database file.
  std::string database;
  /// The file did not exist before.
  bool created = false;
  /// A write-ahead log of an earlier run was there and has been taken over.
  bool recoveredLog = false;
  /// What was wrong with the database and what was done about it.
  RecoveryReport recovery;
  /// What was done about the schema, and what this program may do with it.
  MigrationReport migrated;
  /// "wal", and why another mode was chosen where it is not.
  std::string journalMode;
  std::int64_t pageSize = 0;
  /// Its pages have checksums, asked for or not.
  bool pageChecksums = false;
  /// The database is older than it was when it was open last, by what lies beside it: the end of its log was lost, or an
  /// older file was put in its place. So many commits that were counted are missing; each may stand for many.
  std::uint32_t commitsMissing = 0;
  std::size_t connectionsOpened = 0;
  /// Bytes of page cache for each handle.
  std::int64_t cacheBytesPerHandle = 0;
  /// The SQLite that is linked in: version and source id.
  std::string sqliteVersion;
  std::string sqliteSourceId;
  /// The linked SQLite can lose commits when a checkpoint and a write overlap (3.7.0 to 3.51.2 but 3.44.6 and 3.50.7).
  /// One process is safe, its checkpoints run between writes; several processes at one file are not.
  bool walResetBug = false;
  /// Things worth a line in the device's log.
  std::vector<std::string> warnings;
};

/// What checkpoint() did.
struct CheckpointReport {
  int walPages = 0;           ///< Pages in the log.
  int checkpointedPages = 0;  ///< Of these, moved into the database.
  bool complete = false;      ///< All of them; false where a reader, or a writer of another process, stands in the way.
  bool truncated = false;     ///< The log file was cut to zero bytes.
};

/// Who holds a handle.
struct LeaseInfo {
  std::uint64_t leaseId = 0;  ///< For forceCleanup().
  std::uint64_t connectionId = 0;
  Access access{};
  std::uint64_t thread = 0;  ///< The kernel's thread id.
  Clock::Duration heldFor{};
  /// Where it was taken. `function` is empty for leases that the pool took for a single statement.
  Place place;
  /// That statement's text, shortened; empty for leases taken by acquire().
  std::string statement;
  bool forced = false;
  /// A statement of it is being carried out, or a transaction is open: it keeps its view of the database, and the log.
  bool holdsSnapshot = false;
  /// For how long the same one, as far as it was seen: looked at only while the log is large.
  Clock::Duration snapshotAge{0};
};

/// What checkHealth() found.
struct HealthReport {
  bool healthy = true;  ///< There are no problems.
  std::size_t connectionsChecked = 0;
  std::size_t connectionsReplaced = 0;
  std::size_t connectionsBusy = 0;     ///< Leased, and so not checked.
  std::size_t connectionsSkipped = 0;  ///< Not checked because the time was over.
  /// A write would reach the medium, as far as that can be known: the files are in place, the handle and the file system
  /// take writes, there is room, the write lock was had, and a page has really been written lately (lastWriteAge).
  bool writable = false;
  /// This check has written a page to know that.
  bool wrotePage = false;
  /// How long ago a commit was last known to have reached the medium, to within a round of housekeeping; nothing where
  /// none has since open().
  std::optional<Clock::Duration> lastWriteAge;
  StorageState storageState = StorageState::Ok;
  std::string storageReason;       ///< Why it is not Ok.
  std::int64_t freeBytes = -1;     ///< On the file system; -1: unknown.
  std::int64_t totalBytes = -1;    ///< Of the file system; -1: unknown.
  std::int64_t databaseBytes = 0;  ///< What the database and its log take.
  /// What was done about damage, by open() or since; nothing where there was none.
  std::optional<RecoveryReport> recovery;
  MemoryStage memoryStage = MemoryStage::Normal;
  std::string sqliteVersion;
  std::string sqliteSourceId;
  bool walResetBug = false;  ///< See OpenReport.
  /// What SQLite was built with, as it names it: "THREADSAFE=1", ...
  std::vector<std::string> compileOptions;
  /// What follows from the version and these options, one sentence each. Facts, not problems.
  std::vector<std::string> notes;
  std::vector<std::string> problems;
  Clock::Duration duration{};  ///< What the check took.
};

Json toJson(const HealthReport& report);

}  // namespace holdfast
