#include "connection/page_checks.hpp"

#include <bit>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include <sqlite3.h>

namespace holdfast {
namespace {

// sqlite.org/fileformat2.html: "The Database Header" and "The WAL File Format".
constexpr std::string_view kFirstBytes("SQLite format 3\0", 16);
constexpr int kHeaderLength = 100;
constexpr std::size_t kStoredPageSizeAt = 16;
constexpr std::size_t kReservedAt = 20;
constexpr std::size_t kCounterAt = 24;
constexpr std::int64_t kLogHeaderBytes = 32;
constexpr std::int64_t kLogSumsAt = 24;
constexpr int kFrameHeaderBytes = 24;
constexpr std::size_t kFrameSumsAt = 16;
constexpr unsigned char kInnerTablePage = 5;

struct Sums {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(const Sums&) const = default;
};

[[gnu::noinline]] std::uint32_t bigEndian(const unsigned char* at) noexcept {
  return std::uint32_t{at[0]} << 24U | std::uint32_t{at[1]} << 16U | std::uint32_t{at[2]} << 8U | at[3];
}

std::uint32_t swapped(std::uint32_t word) noexcept {
  return word << 24U | (word & 0xff00U) << 8U | (word >> 8U & 0xff00U) | word >> 24U;
}

/// The sums that both the log and cksumvfs use, over a multiple of 8 bytes; `swap`: of words in the other byte order.
[[gnu::noinline]] Sums sumOf(const unsigned char* from, std::size_t bytes, Sums sums, bool swap) noexcept {
  std::uint32_t words[2];
  for (std::size_t at = 0; !swap && at < bytes; at += sizeof words) {
    std::memcpy(words, from + at, sizeof words);
    sums.first += words[0] + sums.second;
    sums.second += words[1] + sums.first;
  }
  for (std::size_t at = 0; swap && at < bytes; at += sizeof words) {
    std::memcpy(words, from + at, sizeof words);
    sums.first += swapped(words[0]) + sums.second;
    sums.second += swapped(words[1]) + sums.first;
  }
  return sums;
}

constexpr bool kBigEndianMachine = std::endian::native == std::endian::big;

/// As a page ends with it.
void pageSum(const unsigned char* page, std::size_t pageBytes, unsigned char* to) noexcept {
  const Sums sums = sumOf(page, pageBytes - PageChecks::kBytes, {}, kBigEndianMachine);
  for (unsigned shift = 0; shift < 4; ++shift) {
    to[shift] = static_cast<unsigned char>(sums.first >> 8 * shift);
    to[4 + shift] = static_cast<unsigned char>(sums.second >> 8 * shift);
  }
}

[[gnu::noinline]] bool matches(const unsigned char* page, std::size_t pageBytes) noexcept {
  unsigned char sum[PageChecks::kBytes];
  pageSum(page, pageBytes, sum);
  return std::memcmp(sum, page + pageBytes - sizeof sum, sizeof sum) == 0;
}

bool isPageSize(std::int64_t bytes) noexcept { return bytes >= 512 && (bytes & (bytes - 1)) == 0; }

struct FreeMemory {
  void operator()(void* memory) const noexcept { sqlite3_free(memory); }
};
using PageBuffer = std::unique_ptr<unsigned char, FreeMemory>;

PageBuffer makeBuffer(std::uint32_t bytes) noexcept {
  return PageBuffer(static_cast<unsigned char*>(sqlite3_malloc64(bytes)));
}

}  // namespace

void PageChecks::noteHeader(const unsigned char* content, int bytes, bool written) noexcept {
  if (bytes < kHeaderLength || std::memcmp(content, kFirstBytes.data(), kFirstBytes.size()) != 0) return;
  changeCounter = bigEndian(content + kCounterAt);
  if (on && !written) return;  // What is read may be damaged.
  const std::uint32_t stored = bigEndian(content + kStoredPageSizeAt) >> 16U;
  pageBytes = stored == 1 ? 65536U : stored;
  on = content[kReservedAt] == kBytes && isPageSize(pageBytes);
}

/// The byte that says so may be the damaged one: then the first page matches with the right one in its place.
void PageChecks::findDamagedHeader(sqlite3_file* file, const sqlite3_io_methods& below, const unsigned char* header) {
  if (pageBytes == 0 || !isPageSize(pageBytes) || header[kReservedAt] == kBytes) return;
  const PageBuffer page = makeBuffer(pageBytes);
  if (page == nullptr || below.xRead(file, page.get(), static_cast<int>(pageBytes), 0) != SQLITE_OK) return;
  page.get()[kReservedAt] = kBytes;
  on = matches(page.get(), pageBytes);
}

int PageChecks::judge(const unsigned char* page, std::int64_t offset) noexcept {
  if (matches(page, pageBytes)) return SQLITE_OK;
  if (trustsInnerPages && (offset == 0 || page[0] == kInnerTablePage)) return SQLITE_OK;
  badPage = static_cast<std::uint32_t>(offset / pageBytes + 1);
  badInLog = false;
  return SQLITE_IOERR_DATA;
}

/// SQLite reads long values in parts where it was built to do so.
int PageChecks::checkPart(sqlite3_file* file, const sqlite3_io_methods& below, std::int64_t offset) {
  const PageBuffer page = makeBuffer(pageBytes);
  if (page == nullptr) return SQLITE_IOERR_NOMEM;
  const std::int64_t begin = offset / pageBytes * pageBytes;
  const int code = below.xRead(file, page.get(), static_cast<int>(pageBytes), begin);
  return code == SQLITE_OK ? judge(page.get(), begin) : code;
}

int PageChecks::checkRead(sqlite3_file* file, const sqlite3_io_methods& below, void* to, int bytes,
                          std::int64_t offset) {
  const auto* content = static_cast<const unsigned char*>(to);
  if (offset == 0) {
    noteHeader(content, bytes, false);
    if (bytes == kHeaderLength) {
      if (!on && *known != Known::None) findDamagedHeader(file, below, content);
      *known = on ? Known::Checksums : Known::None;
    }
  }
  if (!on) return SQLITE_OK;
  if (bytes == static_cast<int>(pageBytes) && offset % pageBytes == 0) {
    if (matches(content, pageBytes)) return SQLITE_OK;
    // Once more: it may have been the way, and not the medium.
    const int code = below.xRead(file, to, bytes, offset);
    return code == SQLITE_OK ? judge(content, offset) : code;
  }
  return offset < pageBytes ? SQLITE_OK : checkPart(file, below, offset);  // Parts of the first one are its header.
}

void PageChecks::prepareWrite(void* from, int bytes, std::int64_t offset) noexcept {
  auto* const content = static_cast<unsigned char*>(from);
  if (offset == 0) noteHeader(content, bytes, true);
  if (!on || !isPageSize(bytes)) return;
  const auto size = static_cast<std::size_t>(bytes);
  pageSum(content, size, content + size - kBytes);
}

int PageChecks::checkLogRead(sqlite3_file* file, const sqlite3_io_methods& below, void* to, int bytes,
                             std::int64_t offset) {
  if (database == nullptr || !isPageSize(bytes)) return SQLITE_OK;
  database->noteHeader(static_cast<const unsigned char*>(to), bytes, false);
  const std::int64_t frame = offset - kFrameHeaderBytes;
  const bool isPage = (frame - kLogHeaderBytes) % (bytes + kFrameHeaderBytes) == 0;
  if (!database->on || !isPage || frame >= unsettledFrom_) return SQLITE_OK;
  std::uint32_t number = 0;
  int code = judgeFrame(file, below, to, bytes, frame, number);
  if (code != SQLITE_IOERR_DATA) return code;
  code = below.xRead(file, to, bytes, offset);  // Once more, as above.
  if (code == SQLITE_OK) code = judgeFrame(file, below, to, bytes, frame, number);
  if (code != SQLITE_IOERR_DATA) return code;
  database->badPage = number;
  database->badInLog = true;
  return code;
}

int PageChecks::judgeFrame(sqlite3_file* file, const sqlite3_io_methods& below, const void* content, int bytes,
                           std::int64_t frame, std::uint32_t& number) {
  const std::int64_t last = frame - bytes - kFrameHeaderBytes;
  const std::int64_t before = frame == kLogHeaderBytes ? kLogSumsAt : last + static_cast<std::int64_t>(kFrameSumsAt);
  unsigned char header[kFrameHeaderBytes];
  unsigned char seedBytes[8];
  int code = below.xRead(file, header, sizeof header, frame);
  if (code == SQLITE_OK) code = below.xRead(file, seedBytes, sizeof seedBytes, before);
  if (code != SQLITE_OK) return code;
  constexpr std::size_t kSummed = 8;  // Of the header: page number and size of the database.
  const auto* const page = static_cast<const unsigned char*>(content);
  const auto size = static_cast<std::size_t>(bytes);
  const Sums seed{bigEndian(seedBytes), bigEndian(seedBytes + 4)};
  const Sums stored{bigEndian(header + kFrameSumsAt), bigEndian(header + kFrameSumsAt + 4)};
  // In the byte order of the machine that began the log, which mostly is this one.
  bool fits = false;
  for (const bool swap : {false, true}) {
    fits = fits || sumOf(page, size, sumOf(header, kSummed, seed, swap), swap) == stored;
  }
  number = bigEndian(header);
  return fits ? SQLITE_OK : SQLITE_IOERR_DATA;
}

void PageChecks::noteLogWrite(const void* from, int bytes, std::int64_t offset) noexcept {
  const bool isPage = isPageSize(bytes);
  if (offset <= unsettledFrom_ && !isPage) unsettledFrom_ = kNothing;
  const std::int64_t frame = offset - kFrameHeaderBytes;
  const bool isWhole = isPage && frame >= 0 && (frame - kLogHeaderBytes) % (bytes + kFrameHeaderBytes) == 0;
  if (isWhole && offset != logEnd_ && frame < unsettledFrom_) unsettledFrom_ = frame;
  logEnd_ = offset + bytes;
  if (isWhole && database != nullptr) database->noteHeader(static_cast<const unsigned char*>(from), bytes, false);
}

std::string checksumFault(sqlite3* handle) {
  const PageChecks* const checks = pageChecksOf(handle);
  if (checks == nullptr || checks->badPage == 0) return {};
  return "page " + std::to_string(checks->badPage) + (checks->badInLog ? " in the log of \"" : " of \"") +
         sqlite3_db_filename(handle, "main") + "\" does not match its checksum";
}

}  // namespace holdfast
