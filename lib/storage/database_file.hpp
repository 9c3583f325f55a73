#pragma once

#include <cstdint>
#include <string>

namespace holdfast {

/// A database file that may be opened now.
struct DatabaseFile {
  std::string path;      ///< Absolute: never read as a URI.
  bool created = false;  ///< It did not exist and was made, empty, with mode 0600.
  bool hasLog = false;   ///< A write-ahead log of an earlier run lies beside it.
  bool exists = false;   ///< Before anything was created.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

/// The file as it lies there, if it does. Throws Error{CannotOpen} as prepareDatabaseFile() for what cannot be a database.
DatabaseFile findDatabaseFile(const std::string& database);

/// Looks at the path and creates the file where it is missing and `create` says so. The file is created before SQLite
/// opens it, so that it and the files that SQLite makes beside it are private from the first moment. Throws
/// Error{CannotOpen} for a missing directory, a directory, a link, a device or a fifo (also in the place of the files
/// that SQLite makes beside it), and where the file is missing and
/// not to be created; ReadOnly and StorageFull where it cannot be created.
DatabaseFile prepareDatabaseFile(const std::string& database, bool create);

}  // namespace holdfast
