#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/error.hpp>
#include <holdfast/verify.hpp>

// What the rows of PRAGMA quick_check and integrity_check mean. Their texts are SQLite's (btree.c, pragma.c).

namespace holdfast {

enum class CheckFinding : std::uint8_t {
  Ok,
  Rule,       ///< A row breaks NOT NULL, CHECK or STRICT: the file is sound.
  Index,      ///< An index does not match its table.
  Structure,  ///< Anything else.
  ReadError,  ///< Reading failed, which the check reports in a row as if it were damage.
};
CheckFinding classify(std::string_view row) noexcept;
/// Of an Error for a row that is not ok: MemoryLimit, IoError or Corrupt.
ErrorCode codeOfFinding(std::string_view row) noexcept;

/// A handle that has met a page without its right checksum: what the check says it could not read is damaged.
void noteChecksumFault(std::vector<std::string>& rows, std::string fault);

/// What one look at the file came to. An error beside the rows is what the check ended with.
VerifyResult judgeLook(std::span<const std::string> rows, const std::optional<Error>& error) noexcept;

/// What several looks, each on a fresh handle, come to; nothing while another one is needed. One sound look is enough:
/// what it read twice cannot be read sound by chance. Damage and unreadable files are believed when seen twice.
std::optional<VerifyResult> conclude(std::span<const VerifyResult> looks) noexcept;

}  // namespace holdfast
