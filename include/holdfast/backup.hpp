#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/stop_token.hpp>

namespace holdfast {

/// How a backup is made.
struct BackupOptions {
  /// Pages copied at a time. 1 to 100000.
  int pagesPerStep = 64;
  /// The pause between two steps, which leaves the medium to others. None while the write-ahead log, which cannot be
  /// begun anew meanwhile, is above a quarter of walSizeLimit. At most 1 s.
  std::chrono::milliseconds pause = std::chrono::milliseconds{2};
  /// The longest that the whole backup may take. Nothing: until it is done.
  std::optional<std::chrono::milliseconds> timeout = {};
  /// Ends it with Error{Interrupted} once a stop is requested.
  StopToken cancel = {};
  /// Earlier backups of the same name that are kept, as "name.1" (the newest), "name.2", ... 0 to 9.
  int olderGenerations = 1;
  /// Replace whatever backup has that name. Otherwise one of another application, of a later user_version, or with more
  /// than twice the content is kept, and the new one refused: the database may have been lost in between.
  bool replaceAny = false;
};

/// What backup() did.
struct BackupReport {
  std::string path;            ///< Absolute.
  std::int64_t pages = 0;      ///< Of the copy, ...
  std::int64_t bytes = 0;      ///< ... and what they take.
  int userVersion = 0;         ///< PRAGMA user_version of what was copied.
  std::uint64_t steps = 0;     ///< In so many pieces.
  std::uint64_t restarts = 0;  ///< Times it was begun anew because the log had to be shortened.
  std::string previous;        ///< What the backup before it is called now; empty where there was none.
  std::chrono::nanoseconds took{0};
  std::chrono::nanoseconds longestStep{0};
  std::vector<std::string> warnings;
};

/// The path of a backup whose name comes from outside (a request, a configuration from elsewhere): one component
/// without separators that begins with a letter or a digit and does not end like a file that SQLite keeps beside a
/// database. Throws Error{InvalidArgument} for any other name.
std::string backupPathIn(std::string_view directory, std::string_view name);

}  // namespace holdfast
