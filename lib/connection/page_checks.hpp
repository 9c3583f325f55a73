#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>

struct sqlite3;
struct sqlite3_file;
struct sqlite3_io_methods;

namespace holdfast {

/// What one open file knows of the checksums of its database.
///
/// In the database file they are those of SQLite's own extension cksumvfs: the last 8 bytes of each page, which the
/// header's "reserved space" of exactly 8 keeps free, are a checksum of the bytes before them. They are written with the
/// page and compared when it is read. A page in the write-ahead log is held against the checksum that SQLite itself has
/// written before it, which SQLite looks at after a crash only; the log stays what any SQLite reads. A page that does not
/// match is SQLITE_IOERR_DATA.
///
/// Whether a database has them its own header says, whoever opens it: what is written to such a database always gets
/// them. By the thread that has the handle.
struct PageChecks {
  static constexpr int kBytes = 8;

  /// After bytes were read from the database file. SQLite's code.
  int checkRead(sqlite3_file* file, const sqlite3_io_methods& below, void* to, int bytes, std::int64_t offset);
  /// Before bytes are written to the database file: puts the checksum into them.
  void prepareWrite(void* from, int bytes, std::int64_t offset) noexcept;
  /// The same for the log.
  int checkLogRead(sqlite3_file* file, const sqlite3_io_methods& below, void* to, int bytes, std::int64_t offset);
  void noteLogWrite(const void* from, int bytes, std::int64_t offset) noexcept;

  /// What the last handle found that was opened by the same layer, whose files are those of one database.
  enum class Known : std::uint8_t { Nothing, None, Checksums };
  std::atomic<Known>* known = nullptr;
  PageChecks* database = nullptr;   ///< Of a log: its database file.
  bool on = false;                  ///< The pages of the database have checksums.
  bool trustsInnerPages = false;    ///< For salvage: what only leads to rows is taken as it is.
  bool badInLog = false;            ///< Where the bad page was.
  std::uint32_t badPage = 0;        ///< The last page that did not match; 0: none.
  std::uint32_t pageBytes = 0;      ///< 0: not known yet.
  std::uint32_t changeCounter = 0;  ///< The header's, as it was read or written last.

 private:
  static constexpr std::int64_t kNothing = std::numeric_limits<std::int64_t>::max();

  void noteHeader(const unsigned char* content, int bytes, bool written) noexcept;
  void findDamagedHeader(sqlite3_file* file, const sqlite3_io_methods& below, const unsigned char* header);
  int judge(const unsigned char* page, std::int64_t offset) noexcept;
  int judgeFrame(sqlite3_file* file, const sqlite3_io_methods& below, const void* content, int bytes,
                 std::int64_t frame, std::uint32_t& number);
  int checkPart(sqlite3_file* file, const sqlite3_io_methods& below, std::int64_t offset);

  // A page that a transaction moves out to the log twice is written over, and the checksums from there on are wrong until
  // it commits: nobody but its own handle reads them.
  std::int64_t logEnd_ = 0;
  std::int64_t unsettledFrom_ = kNothing;
};

/// Of the database file of a handle; null where it was not opened through a CountingVfs.
PageChecks* pageChecksOf(sqlite3* handle) noexcept;

/// "page 7 of "/data/a.db" does not match its checksum" for what a handle has met last; empty where it has not.
std::string checksumFault(sqlite3* handle);

}  // namespace holdfast
