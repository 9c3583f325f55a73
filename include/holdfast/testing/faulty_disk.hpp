#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/testing/recording.hpp>

namespace holdfast::testing {

/// Which of SQLite's files.
enum class FileRole : std::uint8_t { Database, Log, Journal, Temporary };

/// What is done with it. Look: whether it exists, how large it is. Map: the shared index of the log.
enum class FileAction : std::uint8_t { Open, Read, Write, Truncate, Sync, Delete, Look, Map };

/// How a call fails, and which ones it concerns.
enum class Failure : std::uint8_t {
  IoError,     ///< EIO, of every action.
  NoSpace,     ///< ENOSPC: opening a new file, writing, mapping.
  ReadOnly,    ///< EROFS: opening for writing (opened for reading instead), writing, truncating, deleting, mapping.
  FailedSync,  ///< EIO of a sync: what it should have written may be lost, also when a later sync succeeds.
  HalfWrite,   ///< EIO of a write that has already written the first half.
  ShortRead,   ///< A read that gets nothing, as behind the end of the file. SQLite takes it for zeros.
  FlippedBit,  ///< A read that succeeds, with one bit of it changed.
};

std::string_view toText(Failure failure) noexcept;

/// A call that fails: the one after so many that role, action and failure concern.
struct IoFault {
  static constexpr std::int64_t kForEver = -1;

  Failure failure = Failure::IoError;
  std::optional<FileRole> role = {};      ///< Nothing: any.
  std::optional<FileAction> action = {};  ///< Nothing: every one that the failure concerns.
  std::int64_t after = 0;                 ///< So many pass first.
  std::int64_t times = 1;                 ///< So many fail then; kForEver: all.
  int sqliteCode = 0;                     ///< SQLite's result code; 0: the one that belongs to failure and action.
};

/// SQLite's default file layer (VFS), wrapped so that its calls fail on demand and are recorded. It is the default for
/// as long as the object lives: make it before the first handle is opened, and let it go after the last is closed. One
/// at a time; its calls may be made from any thread. It opens real files, by the layer that was the default before.
class FaultyDisk {
 public:
  /// Throws Error{Misuse} where there is one already.
  FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;
  ~FaultyDisk();

  /// From now on calls fail as the fault says; it takes the place of the one before.
  void fail(const IoFault& fault) noexcept;
  /// No call fails any more, and none is delayed.
  void heal() noexcept;
  /// Calls that failed since the last fail().
  std::int64_t refused() const noexcept;
  /// Calls that the fault concerned since the last fail(), failed or not: how many points it has.
  std::int64_t concerned() const noexcept;
  /// Every such call takes so much longer, until heal().
  void delay(FileAction action, std::chrono::microseconds time) noexcept;

  /// Syncs that were carried out, of files of that role, since the object was made.
  std::int64_t syncs(FileRole role) const noexcept;
  /// Files that SQLite has open through this object.
  std::int64_t openFiles() const noexcept;

  /// Records every change of files in `directory` from now on. What lies there now is taken for durable. No file in it
  /// may be open. Throws Error{IoError}.
  void record(const std::string& directory);
  /// Changes recorded so far. A mark of where something happened beside them.
  std::size_t position() const noexcept;
  /// Ends recording.
  Recording takeRecording();

  /// Makes SQLite's random numbers follow from `seed`. No statement may be under way.
  static void seedRandomness(std::uint64_t seed) noexcept;
  /// The name of the layer below, for handles that must see the files as they are.
  static const char* plainVfs() noexcept;
};

}  // namespace holdfast::testing
