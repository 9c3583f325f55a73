#include "storage/file_header.hpp"

namespace holdfast {
namespace {

constexpr std::string_view kSqliteMagic("SQLite format 3\0", 16);
constexpr std::string_view kJournalMagic("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
constexpr std::size_t kPageSizeAt = 16;
constexpr std::size_t kChangeCounterAt = 24;
constexpr std::size_t kPagesAt = 28;
constexpr std::size_t kUserVersionAt = 60;
constexpr std::size_t kValidForAt = 92;

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + size; ++i) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

HeaderVerdict judgeHeader(std::string_view firstBytes, std::int64_t fileBytes, bool hasLog) noexcept {
  if (fileBytes == 0) return HeaderVerdict::Empty;
  if (firstBytes.size() < kHeaderBytes || !firstBytes.starts_with(kSqliteMagic)) return HeaderVerdict::NoDatabase;
  const std::uint32_t stored = number(firstBytes, kPageSizeAt, 2);
  const std::uint32_t pageBytes = stored == 1 ? 65536 : stored;
  if (pageBytes < 512 || (pageBytes & (pageBytes - 1)) != 0) return HeaderVerdict::NoDatabase;
  // Where another program has written the file the number of pages may be out of date, and says so.
  const bool counts = number(firstBytes, kChangeCounterAt, 4) == number(firstBytes, kValidForAt, 4);
  const std::int64_t pages = number(firstBytes, kPagesAt, 4);
  if (counts && !hasLog && pages * std::int64_t{pageBytes} > fileBytes) return HeaderVerdict::TooShort;
  return HeaderVerdict::Plausible;
}

std::int32_t userVersionOf(std::string_view firstBytes) noexcept {
  return static_cast<std::int32_t>(number(firstBytes, kUserVersionAt, 4));
}

bool isHotJournal(std::string_view firstBytes) noexcept { return firstBytes.starts_with(kJournalMagic); }

std::uint32_t pagesBefore(std::string_view journalBytes) noexcept {
  constexpr std::size_t kPagesBeforeAt = 16;  // "The Rollback Journal" on the same page.
  if (!isHotJournal(journalBytes) || journalBytes.size() < kPagesBeforeAt + 4) return 0;
  return number(journalBytes, kPagesBeforeAt, 4);
}

}  // namespace holdfast
