#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/stop_token.hpp>

namespace holdfast {

/// How much verify() looks at.
enum class VerifyDepth : std::uint8_t {
  Quick,  ///< The structure of every table and index (PRAGMA quick_check): reads the whole file.
  Full,   ///< Also that indexes and tables say the same, and UNIQUE (PRAGMA integrity_check): several times as long.
};

enum class VerifyResult : std::uint8_t {
  Sound,
  RowsInvalid,     ///< Rows break NOT NULL, CHECK or STRICT of their table; the file is sound.
  IndexesDamaged,  ///< Indexes do not match their tables, which are sound: REINDEX repairs them.
  Damaged,         ///< Seen twice, the second time on a fresh handle.
  Unreadable,      ///< Reading failed: nothing is known about the content.
  Unfinished,      ///< Ended before the whole file was looked at, without a finding that holds.
};

std::string_view toText(VerifyDepth depth) noexcept;
std::string_view toText(VerifyResult result) noexcept;

struct VerifyOptions {
  /// The longest it may take in all, a second look included. Nothing: until it is done.
  std::optional<std::chrono::milliseconds> timeout = {};
  /// Ends it once a stop is requested.
  StopToken cancel = {};
};

/// What verify() found.
struct VerifyReport {
  VerifyDepth depth = VerifyDepth::Quick;
  VerifyResult result = VerifyResult::Sound;
  /// What SQLite says is wrong, or why the check ended early; at most 100 lines.
  std::vector<std::string> findings;
  int looks = 0;  ///< 2 or 3 where what the first one found had to be confirmed.
  std::chrono::nanoseconds took{0};

  /// Nothing is wrong with the file.
  bool isSound() const noexcept { return result == VerifyResult::Sound || result == VerifyResult::RowsInvalid; }
};

}  // namespace holdfast
