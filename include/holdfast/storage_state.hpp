#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast {

class Error;

/// What the storage under a database allows. Reads go on in each of them as far as they can.
enum class StorageState : std::uint8_t {
  Ok,        ///< Reads and writes.
  Full,      ///< No space: the reserve or the quota is reached, or the medium said so. Writes fail, StorageFull.
  ReadOnly,  ///< The medium takes no writes (any more): they fail, ReadOnly.
  Gone,      ///< The files were deleted, moved or unmounted: writes fail, CannotOpen.
  Damaged,  ///< What was read is no sound database: writes fail, Corrupt. Until it is repaired, or a check finds it sound.
};

std::string_view toText(StorageState state) noexcept;

/// The state that an error speaks of; nothing for errors that say nothing of the storage, as a plain I/O error does,
/// a log that is at its own limit, or the content of a virtual table.
std::optional<StorageState> storageStateOf(const Error& error) noexcept;

}  // namespace holdfast
