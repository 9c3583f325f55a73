#include "storage/check_findings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace holdfast {
namespace {

bool contains(std::string_view text, std::string_view part) noexcept {
  return text.find(part) != std::string_view::npos;
}

constexpr std::string_view kNoPage = "unable to get the page. error code=";
constexpr int kIoError = 10;
constexpr int kNoMemory = 7;
constexpr int kChecksum = kIoError | 32 << 8;  // SQLITE_IOERR_DATA

// "unable to get the page. error code=266": which one says whether it is the page or the way to it. 0: there is none.
int codeIn(std::string_view row) noexcept {
  const std::size_t at = row.find(kNoPage);
  if (at == std::string_view::npos) return 0;
  int code = 0;
  std::from_chars(row.data() + at + kNoPage.size(), row.data() + row.size(), code);
  return code;
}

bool isContention(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::Corrupt:
    case ErrorCode::NotADatabase: return false;
    default: return categoryOf(code) != ErrorCategory::Storage;
  }
}

}  // namespace

CheckFinding classify(std::string_view row) noexcept {
  static constexpr std::array<std::string_view, 3> kOfReading{"failed to get page", "Failed to read", "failed to read"};
  static constexpr std::array<std::string_view, 3> kOfIndexes{" missing from index ", "wrong # of entries in index ",
                                                              "non-unique entry in index "};
  static constexpr std::array<std::string_view, 3> kOfRules{"NULL value in ", "CHECK constraint failed in ",
                                                            " value in "};
  const auto isOneOf = [row](const auto& parts) {
    return std::any_of(parts.begin(), parts.end(), [row](std::string_view part) { return contains(row, part); });
  };
  if (row == "ok") return CheckFinding::Ok;
  if (const int code = codeIn(row); code != 0) {
    const int primary = code & 0xff;
    const bool ofReading = code != kChecksum && (primary == kIoError || primary == kNoMemory);
    return ofReading ? CheckFinding::ReadError : CheckFinding::Structure;
  }
  if (isOneOf(kOfReading)) return CheckFinding::ReadError;
  if (isOneOf(kOfIndexes)) return CheckFinding::Index;
  if (isOneOf(kOfRules)) return CheckFinding::Rule;
  return CheckFinding::Structure;
}

void noteChecksumFault(std::vector<std::string>& rows, std::string fault) {
  if (fault.empty()) return;
  std::erase_if(rows, [](const std::string& row) { return classify(row) == CheckFinding::ReadError; });
  rows.push_back(std::move(fault));
}

ErrorCode codeOfFinding(std::string_view row) noexcept {
  if (classify(row) != CheckFinding::ReadError) return ErrorCode::Corrupt;
  return (codeIn(row) & 0xff) == kNoMemory ? ErrorCode::MemoryLimit : ErrorCode::IoError;
}

VerifyResult judgeLook(std::span<const std::string> rows, const std::optional<Error>& error) noexcept {
  VerifyResult worst = VerifyResult::Sound;
  for (const std::string& row : rows) {
    switch (classify(row)) {
      case CheckFinding::ReadError: return VerifyResult::Unreadable;
      case CheckFinding::Structure: worst = VerifyResult::Damaged; break;
      case CheckFinding::Index:
        if (worst != VerifyResult::Damaged) worst = VerifyResult::IndexesDamaged;
        break;
      case CheckFinding::Rule:
        if (worst == VerifyResult::Sound) worst = VerifyResult::RowsInvalid;
        break;
      case CheckFinding::Ok: break;
    }
  }
  if (!error) return worst;
  if (isContention(error->code())) return VerifyResult::Unfinished;
  return categoryOf(error->code()) == ErrorCategory::Storage ? VerifyResult::Unreadable : VerifyResult::Damaged;
}

std::optional<VerifyResult> conclude(std::span<const VerifyResult> looks) noexcept {
  std::size_t unreadable = 0;
  std::size_t damaged = 0;
  VerifyResult worst = VerifyResult::IndexesDamaged;
  for (const VerifyResult look : looks) {
    switch (look) {
      case VerifyResult::Sound:
      case VerifyResult::RowsInvalid:
      case VerifyResult::Unfinished: return look;
      case VerifyResult::Unreadable: ++unreadable; break;
      case VerifyResult::Damaged: worst = VerifyResult::Damaged; [[fallthrough]];
      case VerifyResult::IndexesDamaged: ++damaged; break;
    }
  }
  if (damaged >= 2) return worst;
  if (unreadable >= 2) return VerifyResult::Unreadable;
  return std::nullopt;
}

std::string_view toText(VerifyDepth depth) noexcept { return depth == VerifyDepth::Quick ? "quick" : "full"; }

std::string_view toText(VerifyResult result) noexcept {
  static constexpr std::array<std::string_view, 6> kTexts{"sound",   "rows invalid", "indexes damaged",
                                                          "damaged", "unreadable",   "unfinished"};
  const auto index = static_cast<std::size_t>(result);
  return index < kTexts.size() ? kTexts[index] : "unknown";
}

}  // namespace holdfast
