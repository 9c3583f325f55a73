#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <holdfast/connection.hpp>
#include <holdfast/error.hpp>

struct sqlite3_file;

namespace holdfast {

/// The pages of a database as they lie in its file, past the page cache and the log, for as long as a read transaction of
/// the handle keeps the file from being cut. They are read through SQLite's own open file: one that is opened and closed
/// beside it would take SQLite's locks along. Where others may copy the log meanwhile a page may come half old and half
/// new, and one that a copy was interrupted in is whole in the log alone: what looks bad is to be looked at again.
/// By the owner of the handle, outside of a transaction.
class RawPages {
 public:
  enum class Look : std::uint8_t {
    Good,        ///< It could be read, and has the right checksum where the database has checksums.
    Changed,     ///< It does not match its checksum.
    Unreadable,  ///< The medium does not give it.
    End,         ///< The file is shorter.
  };

  /// Throws Error.
  explicit RawPages(Connection::Impl& handle);
  RawPages(const RawPages&) = delete;
  RawPages& operator=(const RawPages&) = delete;

  Look look(std::int64_t page);
  /// Whether the list of unused pages names it. False where that list cannot be read.
  bool isUnused(std::int64_t page);
  /// What the last look that was not good met.
  Error error() const;

 private:
  /// The read transaction.
  class View {
   public:
    explicit View(Connection::Impl& handle);
    View(const View&) = delete;
    View& operator=(const View&) = delete;
    ~View();

   private:
    Connection::Impl& handle_;
  };

  std::uint32_t number(std::size_t at) const noexcept;

  Connection::Impl& handle_;
  View view_;
  sqlite3_file* file_ = nullptr;
  std::vector<unsigned char> page_;
  int code_ = 0;
};

}  // namespace holdfast
