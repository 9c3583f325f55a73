#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::testing {

/// One change of a file or of the directory, as the application asked for it.
struct Operation {
  enum class Kind : std::uint8_t {
    Create,         ///< `name` stands for the new file `file` now.
    Write,          ///< `bytes` at `offset` of `file`.
    Truncate,       ///< `file` to `offset` bytes.
    Sync,           ///< Succeeded: everything in `file` is durable.
    FailedSync,     ///< What was not durable in `file` may never be.
    Delete,         ///< `name` stands for nothing.
    SyncDirectory,  ///< Which names there are is durable.
    Rename,         ///< What `name` stands for is called `other` now; what had that name has none.
  };
  Kind kind = Kind::Write;
  std::size_t file = 0;
  std::string name;
  std::int64_t offset = 0;
  std::string bytes;
  std::string other;
};

/// What was done in one directory, in the order in which it was done.
struct Recording {
  /// The files at the beginning, durable: file i has name and content of entry i.
  std::vector<std::pair<std::string, std::string>> before;
  std::vector<Operation> operations;
};

/// "write test.db-wal 4120+4096", for each of them in turn.
std::vector<std::string> describe(const Recording& recording);

/// Names and contents of the files in one directory.
using Files = std::map<std::string, std::string>;

}  // namespace holdfast::testing
