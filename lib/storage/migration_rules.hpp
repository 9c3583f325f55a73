#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <holdfast/migration.hpp>

// What migrations may do, as plain decisions.

namespace holdfast {

/// Throws Error{InvalidConfig}.
void checkMigrations(const Migrations& migrations);

/// The version that a program's migrations make; 0 where it has none.
int versionOf(const Migrations& migrations) noexcept;

/// FNV-1a, 64 bits, over the checksums of the texts in their order and whether there is work besides. Not over the name.
std::uint64_t checksumOf(const Migration& migration) noexcept;
/// Over those of several, of versions above `after`.
std::uint64_t checksumOf(std::span<const Migration> steps, int after) noexcept;
std::uint64_t checksumOf(std::span<const AppliedMigration> steps, int after) noexcept;

/// The migration's own word on who can still use the database after it.
int oldestWriterOf(const Migration& migration) noexcept;
int oldestReaderOf(const Migration& migration) noexcept;

/// Of all that were applied: what an earlier one has shut out stays shut out.
SchemaContract contractOf(std::span<const AppliedMigration> applied) noexcept;
/// What a program may do whose migrations end at `program`.
SchemaAccess accessOf(const SchemaContract& contract, int program) noexcept;
/// Why it is not everything, and what to do.
std::string whyNoAccess(const SchemaContract& contract, int program);

/// Whether what is on trial is to be undone now, before this start is counted. An older program that may write leaves it
/// alone; one that may not takes the newer one for given up.
bool isTrialLost(const TrialState& trial, const SchemaContract& contract, int program) noexcept;
/// Whether its healthy starts are enough.
bool isTrialWon(const TrialState& trial) noexcept;

/// Throws Error{SchemaVersion} where the record in the database is not that of these steps: a gap, or a text that was
/// changed. What the database has beyond them is no matter here.
void checkHistory(const Migrations& migrations, std::span<const AppliedMigration> applied);
/// Throws Error{SchemaVersion} where what is pending was undone, and is still the same.
void checkRetry(const Migrations& migrations, const SchemaContract& contract,
                const std::optional<UndoneMigration>& undone);

/// A file beside the database is on record by its name alone: where its directory is may be another path tomorrow.
std::string recordedName(const std::string& path, const std::string& database);
std::string pathOfRecorded(const std::string& name, const std::string& database);

/// Rows that name no row of another table.
struct ForeignKeyFindings {
  std::int64_t rows = 0;
  std::string table;   ///< Of the first one, ...
  std::string parent;  ///< ... and what it wants to name.
};
/// Throws Error{Constraint} where there are some.
void requireNone(const ForeignKeyFindings& findings);

}  // namespace holdfast
