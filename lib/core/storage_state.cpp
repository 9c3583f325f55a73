#include <holdfast/storage_state.hpp>

#include <array>
#include <cerrno>
#include <cstddef>

#include <holdfast/error.hpp>

namespace holdfast {
namespace {

// SQLite says SQLITE_FULL for ENOSPC only: what a quota or a limit of the process refuses is an I/O error to it.
std::optional<StorageState> stateOfErrno(int error) noexcept {
  switch (error) {
    case ENOSPC:
    case EFBIG:
#if defined(EDQUOT)
    case EDQUOT:
#endif
      return StorageState::Full;
    case EROFS: return StorageState::ReadOnly;
    case ENOENT:
    case ENODEV:
    case ENXIO:
#if defined(ESTALE)
    case ESTALE:
#endif
      return StorageState::Gone;
    default: return std::nullopt;
  }
}

// What a virtual table, or the table of AUTOINCREMENT, holds is not what its module expects; the file is sound.
bool isContentOnly(int sqliteCode) noexcept {
  constexpr int kCorruptVirtualTable = 267;  // SQLITE_CORRUPT_VTAB
  constexpr int kCorruptSequence = 523;      // SQLITE_CORRUPT_SEQUENCE
  return sqliteCode == kCorruptVirtualTable || sqliteCode == kCorruptSequence;
}

}  // namespace

std::string_view toText(StorageState state) noexcept {
  static constexpr std::array<std::string_view, 5> kTexts{"ok", "full", "readOnly", "gone", "damaged"};
  const auto index = static_cast<std::size_t>(state);
  return index < kTexts.size() ? kTexts[index] : "unknown";
}

std::optional<StorageState> storageStateOf(const Error& error) noexcept {
  switch (error.code()) {
    case ErrorCode::StorageFull:
      // With neither it is the library's own limit on the log.
      if (error.sqliteCode() == 0 && error.systemErrno() == 0) return std::nullopt;
      return StorageState::Full;
    case ErrorCode::ReadOnly: return StorageState::ReadOnly;
    case ErrorCode::Corrupt:
      if (isContentOnly(error.sqliteCode())) return std::nullopt;
      return StorageState::Damaged;
    case ErrorCode::NotADatabase: return StorageState::Damaged;
    case ErrorCode::CannotOpen:
    case ErrorCode::IoError:
    case ErrorCode::OutcomeUnknown: return stateOfErrno(error.systemErrno());
    default: return std::nullopt;
  }
}

}  // namespace holdfast
