#pragma once

#include <cstdint>
#include <string>

#include "connection/connection_impl.hpp"
#include "connection/plain_database.hpp"

namespace holdfast {

/// A copy of one snapshot of a database, made a few pages at a time.
///
/// The handle it reads from holds a read transaction all the while: what others commit meanwhile neither changes the copy
/// nor begins it anew (sqlite3_backup on a handle without a snapshot starts again after each commit of another one, and
/// never ends while there are many). Used by the owner of the handle.
class DatabaseCopy {
 public:
  /// Takes the snapshot. `target` is an empty file that nobody has open; there are no other files beside it. Throws
  /// Error.
  DatabaseCopy(Connection::Impl& source, const std::string& target);
  DatabaseCopy(const DatabaseCopy&) = delete;
  DatabaseCopy& operator=(const DatabaseCopy&) = delete;
  /// Lets the snapshot go.
  ~DatabaseCopy();

  /// What is being copied.
  const ContentFacts& facts() const noexcept { return facts_; }
  /// Copies so many pages more. True when all are. Throws Error.
  bool step(int pages);
  /// After the last step: makes the copy a single file with a rollback journal, which can be read also where nothing can
  /// be written, and closes it. Throws Error.
  void finish();

 private:
  void end() noexcept;

  Connection::Impl& source_;
  PlainDatabase target_;
  ContentFacts facts_;
  sqlite3_backup* copy_ = nullptr;
};

/// Copies every page of a database that nobody writes to, damaged ones as well as they are, to an empty file that nobody
/// has open, and makes it durable. Throws Error.
void copyWhole(PlainDatabase& source, const std::string& target, const PlainDatabase::Limits& limits);

}  // namespace holdfast
