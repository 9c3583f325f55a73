#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "connection/plain_database.hpp"

// What backups do and refuse, as plain decisions.

namespace holdfast {

/// The pause before the next step. The log cannot be begun anew while the snapshot is held: from a quarter of its limit
/// on the backup hurries.
std::chrono::milliseconds backupPause(std::chrono::milliseconds wanted, std::int64_t logBytes,
                                      std::int64_t logLimit) noexcept;

/// Why the backup that is there must not be replaced by one of `fresh`; empty where it may. One that holds more than
/// twice as much is kept: the database may have been lost and begun anew. Below four pages there is next to nothing in
/// it.
std::string whyKeepBackup(const ContentFacts& there, const ContentFacts& fresh);

/// Whether a copy is what it should be a copy of. Empty where it is.
std::string whyNoCopy(const ContentFacts& copy, const ContentFacts& source);

/// Every name that a backup called `path` touches: itself, what it is made in, what SQLite may keep beside these, and its
/// older generations are beside(path, n).
inline constexpr std::array<std::string_view, 6> kBackupSuffixes{"",          ".part",     ".part-journal",
                                                                 ".part-wal", ".part-shm", ".bad"};
inline std::string partName(const std::string& path) { return path + ".part"; }
/// One that could not be read any more.
inline std::string badName(const std::string& path) { return path + ".bad"; }
/// 0: the backup itself; then older and older.
std::string generationName(const std::string& path, int generation);

/// When the first backup of a schedule is due after the database was opened, and the next one after one that failed:
/// devices that are switched off every day are to be backed up, too.
constexpr std::chrono::milliseconds soonerThan(std::chrono::milliseconds interval) noexcept { return interval / 10; }

}  // namespace holdfast
