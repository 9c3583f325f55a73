#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holdfast {

/// What the first bytes of a database file say (sqlite.org/fileformat2.html, "The Database Header"), before SQLite opens
/// it. Cheap, and not the last word: a log may hold other ones.
enum class HeaderVerdict : std::uint8_t {
  Plausible,
  Empty,
  NoDatabase,  ///< It does not begin like one.
  TooShort,    ///< It has fewer pages than it says, and there is no log that could hold them.
};

inline constexpr std::size_t kHeaderBytes = 100;

/// PRAGMA user_version, of a header that is plausible.
std::int32_t userVersionOf(std::string_view firstBytes) noexcept;

HeaderVerdict judgeHeader(std::string_view firstBytes, std::int64_t fileBytes, bool hasLog) noexcept;

/// Whether a rollback journal that begins like this may have to be rolled back: one that is over is empty or begins with
/// zeros.
bool isHotJournal(std::string_view firstBytes) noexcept;
/// So many pages the database had before the transaction that such a journal undoes; 0: it was new, or the journal is over.
std::uint32_t pagesBefore(std::string_view journalBytes) noexcept;

}  // namespace holdfast
