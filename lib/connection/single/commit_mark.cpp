// Where there is no log.

#include <array>

#include <sqlite3.h>

#include "connection/connection_impl.hpp"
#include "connection/sqlite_error.hpp"

namespace holdfast {
namespace {

/// The counter in the file's header, which SQLite raises by one with each commit to a rollback journal.
std::uint32_t readChangeCounter(sqlite3* handle) {
  constexpr sqlite3_int64 kAt = 24;
  sqlite3_file* file = nullptr;
  std::array<unsigned char, 4> bytes{};
  int code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code == SQLITE_OK) code = file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), kAt);
  // A database that nobody has committed to yet is empty.
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) throw makeSqliteError(nullptr, code);
  std::uint32_t counter = 0;
  for (const unsigned char byte : bytes) counter = counter << 8 | byte;
  return counter;
}

}  // namespace

std::uint64_t Connection::Impl::commitMark() const { return readChangeCounter(handle); }

}  // namespace holdfast
