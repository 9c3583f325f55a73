#include "connection/raw_pages.hpp"

#include <algorithm>

#include "connection/connection_impl.hpp"
#include "connection/page_checks.hpp"
#include "connection/sqlite_error.hpp"

namespace holdfast {

RawPages::RawPages(Connection::Impl& handle)
    : handle_(handle), view_(handle), page_(static_cast<std::size_t>(handle.profile.pageSize)) {
  sqlite3_file_control(handle.handle, "main", SQLITE_FCNTL_FILE_POINTER, &file_);
  readPragma(handle.handle, "PRAGMA schema_version");  // Now the transaction has begun.
}

RawPages::View::View(Connection::Impl& handle) : handle_(handle) { handle_.beginRead(); }

RawPages::View::~View() { handle_.rollback(); }

RawPages::Look RawPages::look(std::int64_t page) {
  constexpr std::int64_t kLockBytesAt = 0x40000000;  // That page is never written, nor read.
  const auto size = static_cast<std::int64_t>(page_.size());
  if (page == kLockBytesAt / size + 1) return Look::Good;
  const int code = file_->pMethods->xRead(file_, page_.data(), static_cast<int>(size), (page - 1) * size);
  if (code == SQLITE_OK) return Look::Good;
  if (code == SQLITE_IOERR_SHORT_READ) return Look::End;
  code_ = code;
  return code == SQLITE_IOERR_DATA ? Look::Changed : Look::Unreadable;
}

std::uint32_t RawPages::number(std::size_t at) const noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) value = value << 8U | page_[i];
  return value;
}

// sqlite.org/fileformat2.html, "The Freelist".
bool RawPages::isUnused(std::int64_t page) {
  constexpr std::size_t kFirstTrunkAt = 32;
  constexpr std::size_t kPagesAt = 36;
  if (look(1) != Look::Good) return false;
  std::uint32_t trunk = number(kFirstTrunkAt);
  for (std::uint32_t left = number(kPagesAt); trunk != 0 && left > 0; --left) {
    if (look(trunk) != Look::Good) return false;
    const std::size_t leaves = std::min<std::size_t>(number(4), page_.size() / 4 - 2);
    for (std::size_t leaf = 0; leaf < leaves; ++leaf) {
      if (number(8 + 4 * leaf) == page) return true;
    }
    trunk = number(0);
  }
  return false;
}

Error RawPages::error() const { return makeSqliteError(handle_.handle, code_); }

}  // namespace holdfast
