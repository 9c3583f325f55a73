#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/verify.hpp>

namespace holdfast {

/// Why open(), or a repair while the pool was open, had more to do than to open.
enum class RecoveryCause : std::uint8_t {
  None,
  UncleanStop,     ///< The last process at the database did not close it: its log was taken over, and the file checked.
  Lost,            ///< The database was missing or empty although its log or a backup of it says otherwise.
  IndexesDamaged,  ///< Indexes did not match their tables.
  Damaged,
};
inline constexpr std::size_t kRecoveryCauses = 5;

/// What it did.
enum class RecoveryAction : std::uint8_t {
  None,
  Reindexed,       ///< Built the indexes anew.
  Restored,        ///< Put the last good backup in its place.
  Salvaged,        ///< Put what could still be read in its place.
  OpenedReadOnly,  ///< Left it as it is: it is damaged, writes are refused, and what can be read is read.
};

std::string_view toText(RecoveryCause cause) noexcept;
std::string_view toText(RecoveryAction action) noexcept;

/// What was read out of a damaged file.
struct SalvageReport {
  std::uint64_t tables = 0;
  std::uint64_t rowsKept = 0;
  /// Places where rows could not be read: between two keys, or to the end of a table.
  std::uint64_t gaps = 0;
  /// Keys in these gaps: at most so many rows are lost. Nothing where a gap has no end that is known.
  std::optional<std::uint64_t> rowsLostAtMost = 0;
  /// Objects that could not be made anew, one line each; at most 100.
  std::vector<std::string> notes;
};

/// What open(), or a repair while the pool was open, found wrong and what it did about it.
struct RecoveryReport {
  RecoveryCause cause = RecoveryCause::None;
  RecoveryAction action = RecoveryAction::None;
  /// What the check came to; nothing where the file was not checked.
  std::optional<VerifyResult> checked;
  std::vector<std::string> findings;  ///< What it said.
  std::string backup;                 ///< Path of the backup that was restored.
  /// Paths under which the damaged files are kept. Nothing is ever deleted: remove them when nobody needs them.
  std::vector<std::string> quarantined;
  SalvageReport salvage;
  /// Of a repair while the pool was open: from meeting the damage until the repair was done.
  std::chrono::nanoseconds took{0};
};

}  // namespace holdfast
