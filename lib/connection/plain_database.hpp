#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <holdfast/connection_config.hpp>
#include <holdfast/stop_token.hpp>
#include <holdfast/value.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace holdfast {

class CountingVfs;

/// A handle outside of every pool, for files that are looked at, copied or repaired: no settings of the application's,
/// no statement cache; nothing of what the file says is trusted. The checksums of databases that have them are written and
/// compared (PageChecks). One thread at a time.
class PlainDatabase {
 public:
  enum class Mode : std::uint8_t {
    Read,   ///< Changes nothing; a log beside it is read where one is there.
    Write,  ///< The file has to exist. A journal or log beside it is taken over, and the log stays when the handle goes.
    Alone,  ///< Read, as if nothing lay beside it. Nobody else may have it open.
  };
  struct Limits {
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    StopToken cancel = {};
  };

  /// `path` is absolute. Throws Error.
  PlainDatabase(const std::string& path, Mode mode);
  PlainDatabase(const PlainDatabase&) = delete;
  PlainDatabase& operator=(const PlainDatabase&) = delete;
  ~PlainDatabase();

  /// Statements end with Error{Timeout} or {Interrupted} where a limit is met.
  void setLimits(Limits limits);
  /// How long locks of others are waited for; 5 s where nothing is said.
  void setBusyTimeout(std::chrono::milliseconds timeout) noexcept;
  /// Carries one statement out. Throws Error.
  void run(const char* sql);
  /// The same with bound values.
  void run(const char* sql, std::span<const ValueView> values);
  /// The first column of the first row; an empty text, or 0, where there is none. Throws Error.
  std::string text(const char* sql);
  std::int64_t integer(const char* sql);
  /// The first column of every row, until `row` returns false. Throws Error.
  void forEach(const char* sql, const std::function<bool(std::string_view)>& row);

  /// Locks the file against every other handle, of this and of other processes, for as long as this one lives. False
  /// where somebody has it open. Nothing else is to be done with the handle then.
  bool lockAlone() const noexcept;

  /// Bytes at the end of each page that SQLite leaves alone. Throws Error.
  int reservedBytes();
  /// Has SQLite keep 8 bytes of each page: in an empty file, or with the next VACUUM.
  void reserveChecksums() noexcept;
  /// Gives an empty file its first page, whose size has been set where it is to be another one; from then on every page
  /// that is written to it gets a checksum. Throws Error.
  void beginChecksums();
  /// Reads past checksums that are wrong where pages only lead to rows: to get at what lies behind them.
  void trustInnerPages() noexcept;

  sqlite3* handle() const noexcept { return handle_; }
  /// An Error for what SQLite answered, with `what` as its frame.
  [[noreturn]] void fail(int code, const char* what) const;

 private:
  static int shouldStop(void* self) noexcept;

  std::unique_ptr<CountingVfs> vfs_;
  sqlite3* handle_ = nullptr;
  Limits limits_;
};

/// Bytes at the end of each page that SQLite leaves alone, of a handle that has read the database.
int reservedBytes(sqlite3* handle) noexcept;

/// So many bytes of a file from its beginning, as they are on the medium; fewer where it is shorter. Takes no lock,
/// recovers nothing, and costs a fraction of a handle. Throws Error.
std::string firstBytesOf(const std::string& path, std::size_t count);

/// What a backup and the database it is made of are compared by.
struct ContentFacts {
  std::int64_t pageBytes = 0;
  std::int64_t pages = 0;
  std::int64_t freePages = 0;
  std::int64_t applicationId = 0;
  std::int64_t userVersion = 0;

  std::int64_t usedPages() const noexcept { return pages - freePages; }
};
/// Throws Error.
ContentFacts contentFacts(PlainDatabase& database);

}  // namespace holdfast
