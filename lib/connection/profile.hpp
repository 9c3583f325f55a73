#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <SQLiteCpp/Database.h>

#include <holdfast/connection.hpp>

#include "connection/change_log.hpp"
#include "connection/counting_vfs.hpp"

namespace holdfast {

/// The settings of one handle, in the order in which they are applied.
struct ConnectionProfile {
  std::string path;  ///< Absolute, so that it is never read as a URI.
  Access access = Access::Write;
  Durability durability = Durability::Full;
  std::chrono::milliseconds busyTimeout{};
  std::chrono::milliseconds openTimeout{};
  bool foreignKeys = true;
  TempStore tempStore = TempStore::File;
  std::int64_t cacheBytes = 0;
  std::int64_t pageSize = 0;  ///< Of the file; found out by opening it.
  std::size_t statementCacheEntries = 64;
  std::int64_t statementCacheBytes = 0;
  /// A handle that can only read is taken, too.
  bool mayBeReadOnly = false;
  /// Of a damaged database: nothing of it is changed, whatever the journal it uses.
  bool readsOnly = false;
  /// Why nothing may be written although it could be; empty where it may.
  std::string readOnlyBecause;
  /// Triggers fire and views can be read.
  bool triggersAndViews = true;
  /// The file layer; null: SQLite's default.
  std::shared_ptr<CountingVfs> vfs = nullptr;
  /// Learns what is committed; null: nobody does.
  ChangeLog* changes = nullptr;
};

/// The journal that handles use: the write-ahead log; without threads a rollback journal, which stays when a commit ends
/// it (its header is written over), as not every device can cut files.
inline constexpr const char* kJournalMode = kHasThreads ? "wal" : "persist";

/// Opens the (existing) file and applies the profile, reading every setting back. Waits for locks of other processes up
/// to openTimeout. Throws Error: CannotOpen, NotADatabase, ReadOnly, Busy, Unsupported for a setting that does not
/// take, ...
std::unique_ptr<SQLite::Database> openHandle(const ConnectionProfile& profile);

/// Puts back the settings that a lease may change. Throws Error.
void applyLeaseSettings(sqlite3* handle, const ConnectionProfile& profile);

/// Switches the enforcing of foreign keys; outside of a transaction only. Throws Error.
void applyForeignKeys(sqlite3* handle, bool enforced);

/// Refuses every write from here on. Throws Error.
void applyQueryOnly(sqlite3* handle);

/// Sets `synchronous`; outside of a transaction only. Throws Error.
void applyDurability(sqlite3* handle, Durability durability);

/// Sets the page cache, rounded up to whole KiB. Throws Error.
void applyCacheBytes(sqlite3* handle, std::int64_t bytes);

/// The first column of the first row as text, or an empty string. Throws Error.
std::string readPragma(sqlite3* handle, const char* sql);

}  // namespace holdfast
