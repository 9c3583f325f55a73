#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <holdfast/memory_budget.hpp>

namespace holdfast {

/// What is linked in, found out at run time: users relink.
struct SqliteLibrary {
  std::string version;
  std::string sourceId;
  /// A checkpoint that overlaps a write can lose commits (sqlite.org/wal.html#walresetbug).
  bool walResetBug = false;
  std::vector<std::string> compileOptions = {};
  /// What follows from the version and the options, for people.
  std::vector<std::string> notes = {};
};

const SqliteLibrary& sqliteLibrary();

/// The versions between the bug's introduction and its fixes: 3.7.0 to 3.51.2, but 3.44.6 and later 3.44s, 3.50.7 and
/// later 3.50s.
bool hasWalResetBug(int versionNumber) noexcept;

/// Settings of the whole library that SQLite takes only before it is first used; without effect after. Page caches then
/// allocate page by page instead of 20 pages for each handle at once, 87 KB that a handle may never use; and a sort
/// spills at `sortBytes` of pages of 4 KiB (or the size of its cache) instead of 250 pages, 1 MB whatever the cache:
/// six of them broke a limit of 4 MiB.
void configureSqlite(std::int64_t sortBytes) noexcept;
/// The same, and SQLite is started, with a wall around its heap (heap_wall.hpp). Any thread; the first call counts.
void startSqlite(std::int64_t sortBytes) noexcept;

/// Throws Error{Unsupported} for an SQLite built without threads or older than 3.38.
void requireUsableSqlite();

/// Makes SQLite put temporary files into the directory of the database, unless the application has said where
/// (sqlite3_temp_directory or the environment's SQLITE_TMPDIR): on devices /tmp is memory, or full. Process-wide; the
/// first database decides.
void useTemporaryDirectoryBeside(const std::string& databasePath);

/// SQLite's heap, for the whole process, in bytes.
namespace sqlite_memory {

SqliteHeap heap() noexcept;
std::int64_t usedBytes() noexcept;
std::int64_t peakBytes() noexcept;
/// Zero: none. The soft limit makes page caches reuse pages, the hard one is the wall (heap_wall.hpp).
struct Limits {
  std::int64_t softBytes = 0;
  std::int64_t hardBytes = 0;
  std::int64_t reserveBytes = 0;                ///< Of the hard limit: for what cannot be carried out again.
  std::int64_t (*beside)() noexcept = nullptr;  ///< What others hold of the hard limit.
};
Limits limits() noexcept;
void setLimits(const Limits& limits) noexcept;

}  // namespace sqlite_memory
}  // namespace holdfast
